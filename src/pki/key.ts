import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto'
import { SallyportError } from '../errors.ts'

/** A key pair as WebCrypto has it. */
export type KeyPair = webcrypto.CryptoKeyPair
/** One key as WebCrypto has it. */
export type Key = webcrypto.CryptoKey

/** Keys and signatures: ECDSA on P-256 with SHA-256, the one kind this CA makes. */
export const SIGNING_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A new key pair from the system's random source. Extractable, because it has to be written to a file once. */
export async function newKeyPair(): Promise<KeyPair> {
  return await webcrypto.subtle.generateKey(SIGNING_ALGORITHM, true, ['sign', 'verify'])
}

/** The private key as PKCS #8 PEM. */
export async function privateKeyPem(key: Key): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

/**
 * Makes a private key ready for signing; it cannot be exported again.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` if it is not a P-256 key
 */
export async function signingKey(key: KeyObject): Promise<Key> {
  try {
    const der = key.export({ format: 'der', type: 'pkcs8' })
    return await webcrypto.subtle.importKey('pkcs8', der, SIGNING_ALGORITHM, false, ['sign'])
  } catch (cause) {
    throw new SallyportError('CERTIFICATE_INVALID', 'a CA key is not a P-256 private key', { cause })
  }
}
