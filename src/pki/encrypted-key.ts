import { createCipheriv, createPrivateKey, pbkdf2, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { SallyportError } from '../errors.ts'
import { der, DER, derInteger, derOid } from './der.ts'
import { pemOf } from './pem.ts'

const derive = promisify(pbkdf2)

/**
 * Rounds of PBKDF2 with SHA-256 (OWASP, Password Storage Cheat Sheet, 2023). Node's own export of encrypted keys uses
 * 2048, and cannot be told otherwise.
 */
const ROUNDS = 600_000

/** A passphrase for a CA key has at least so many characters, and no file of one is longer than the other number. */
export const PASSPHRASE_LENGTH = { least: 12, most: 1024 } as const

/** Asked for the passphrase of a key file; only when that is encrypted. */
export type Passphrase = (path: string) => Promise<string>

const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const

/** What was encrypted, and the AlgorithmIdentifier (DER) that says how. */
interface Encrypted {
  readonly algorithm: Buffer
  readonly content: Buffer
}

/** Encrypts by PBES2 (RFC 8018, 6.2): so many rounds of PBKDF2 with HMAC-SHA256, then AES-256-CBC. */
export async function encryptPbes2(plain: Uint8Array, password: string, rounds: number): Promise<Encrypted> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const cipher = createCipheriv('aes-256-cbc', await derive(password, salt, rounds, 32, 'sha256'), iv)
  const prf = der(DER.sequence, derOid(OID.hmacSha256), der(DER.null))
  const derivation = der(DER.sequence, der(DER.octetString, salt), derInteger(rounds), prf)
  const parameters = der(
    DER.sequence,
    der(DER.sequence, derOid(OID.pbkdf2), derivation),
    der(DER.sequence, derOid(OID.aes256Cbc), der(DER.octetString, iv)),
  )
  return {
    algorithm: der(DER.sequence, derOid(OID.pbes2), parameters),
    content: Buffer.concat([cipher.update(plain), cipher.final()]),
  }
}

/** A private key (PKCS #8) as EncryptedPrivateKeyInfo (RFC 5958, 3): DER. */
export async function encryptedKeyInfo(pkcs8: Uint8Array, password: string, rounds: number): Promise<Buffer> {
  const { algorithm, content } = await encryptPbes2(pkcs8, password, rounds)
  return der(DER.sequence, algorithm, der(DER.octetString, content))
}

/**
 * A private key (PKCS #8) as encrypted PEM.
 *
 * @throws SallyportError `PASSWORD_REFUSED` for a passphrase that is too short
 */
export async function encryptedKeyPem(pkcs8: Uint8Array, passphrase: string): Promise<string> {
  const problem = passphraseProblem(passphrase)
  if (problem !== undefined) throw new SallyportError('PASSWORD_REFUSED', `the passphrase ${problem}`)
  return pemOf('ENCRYPTED PRIVATE KEY', await encryptedKeyInfo(pkcs8, passphrase, ROUNDS))
}

/** What is wrong with a passphrase for a new key; `undefined` if nothing is. */
export function passphraseProblem(passphrase: string): string | undefined {
  const { least, most } = PASSPHRASE_LENGTH
  if (passphrase.length < least) return `has less than ${least} characters`
  if (passphrase.length > most) return `has more than ${most} characters`
  return undefined
}

/**
 * Reads a private key in PEM, which may be encrypted in any way that OpenSSL reads.
 *
 * @param path where it was read: for the passphrase to be asked for, and for messages
 * @throws SallyportError `CERTIFICATE_INVALID` if it is none, or the passphrase is missing or wrong
 */
export async function readPrivateKey(pem: string, path: string, passphrase?: Passphrase): Promise<KeyObject> {
  if (!isEncrypted(pem)) return parsed(pem, undefined, `${path} is not a private key in PEM`)
  if (passphrase === undefined) throw invalid(`${path} is encrypted, and there is no passphrase for it`)
  const wrong = `the passphrase does not open ${path}: it is not the one that this key was encrypted with`
  return parsed(pem, await passphrase(path), wrong)
}

/** PKCS #8 (RFC 7468, 11), or the older form (RFC 1421, 4.6.1.1) of OpenSSL. */
function isEncrypted(pem: string): boolean {
  return /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)
}

function parsed(pem: string, passphrase: string | undefined, problem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (cause) {
    throw invalid(problem, cause)
  }
}

function invalid(problem: string, cause?: unknown): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', problem, { cause })
}
