import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import { certificatePem, certify, type Certified, type Signer } from './certify.ts'
import { revocationListTemplate, signRevocationList } from './crl.ts'
import { encryptedKeyPem, readPrivateKey, type Passphrase } from './encrypted-key.ts'
import { authorityFiles, createDirectory, type AuthorityFiles } from './files.ts'
import { privateKeyDer, privateKeyPem, signingKey, type Key, type KeyType } from './key.ts'
import { ledgerEntry, ledgerLine } from './ledger.ts'
import { assertTrustDomain } from './name.ts'
import { issuingTemplate, LIFETIME, rootTemplate, type AuthorityProfile } from './profile.ts'
import { X509Certificate as Certificate } from './x509.ts'

/** A new root and its issuing CA, with the first revocation list of each. */
interface NewAuthority {
  readonly root: Certified
  readonly issuing: Certified
  /** Two PEM blocks: the issuing CA's list, then the root's. */
  readonly revocationLists: string
}

/** What a new authority may be told beside its trust domain; nothing of it is needed. */
export interface AuthorityOptions extends Partial<Omit<AuthorityProfile, 'trustDomain'>> {
  /** The kind of both keys; P-256 unless given. */
  readonly keyType?: KeyType
  /** With which both keys are encrypted; without one they are not. */
  readonly passphrase?: string
}

/**
 * Makes a root, an issuing CA below it, and an empty revocation list of each; writes nothing.
 *
 * @param trustDomain the authority part of the SPIFFE URIs that it will issue
 * @param now ms since the epoch
 * @throws SallyportError `CONFIGURATION_INVALID` for a trust domain that cannot be one
 */
export async function newAuthority(
  trustDomain: string,
  now: number,
  options: AuthorityOptions = {},
): Promise<NewAuthority> {
  assertTrustDomain(trustDomain)
  const { keyType } = options
  const root = await certify(rootTemplate(trustDomain, now), undefined, keyType)
  const template = issuingTemplate({ servers: [], ...options, trustDomain }, now)
  const issuing = await certify(template, signerOf(root), keyType)
  const lists = [
    await signRevocationList(
      revocationListTemplate(1n, [], LIFETIME.issuingRevocationList, now),
      signerOf(issuing),
    ),
    await signRevocationList(
      revocationListTemplate(1n, [], LIFETIME.rootRevocationList, now),
      signerOf(root),
    ),
  ]
  return { root, issuing, revocationLists: lists.join('') }
}

/** The signer that a freshly certified CA is. */
export function signerOf({ certificate, keys }: Certified): Signer {
  return { certificate, key: keys.privateKey }
}

/**
 * Makes the CA of a certs directory: all of its files at once, or none.
 *
 * @throws SallyportError `FILE_EXISTS` if there is one already, `CONFIGURATION_INVALID` for the trust domain,
 *   `PASSWORD_REFUSED` for the passphrase
 */
export async function createAuthority(
  certs: string,
  trustDomain: string,
  now: number,
  options: AuthorityOptions = {},
): Promise<AuthorityFiles> {
  const { root, issuing, revocationLists } = await newAuthority(trustDomain, now, options)
  const files = authorityFiles(certs)
  const ledger =
    ledgerLine(ledgerEntry('root', root.certificate, now)) +
    ledgerLine(ledgerEntry('issuing', issuing.certificate, now))
  const key = async ({ keys }: Certified): Promise<{ content: string; secret: true }> => ({
    content: await keyPem(keys.privateKey, options.passphrase),
    secret: true,
  })
  await createDirectory(files.directory, {
    [basename(files.ledger)]: { content: ledger, secret: true },
    [basename(files.rootKey)]: await key(root),
    [basename(files.root)]: { content: certificatePem(root.certificate), secret: false },
    [basename(files.issuingKey)]: await key(issuing),
    [basename(files.issuing)]: { content: certificatePem(issuing.certificate), secret: false },
    [basename(files.revocationLists)]: { content: revocationLists, secret: false },
  })
  return files
}

async function keyPem(key: Key, passphrase: string | undefined): Promise<string> {
  return passphrase === undefined
    ? await privateKeyPem(key)
    : await encryptedKeyPem(await privateKeyDer(key), passphrase)
}

/**
 * Opens the issuing CA of a certs directory for signing.
 *
 * Fails closed: the certificate must be a CA's, signed by the root beside it, valid now, and belong to the key.
 *
 * @param passphrase asked for only if the key is encrypted
 * @throws SallyportError `NOT_FOUND` if a file is missing, `CERTIFICATE_INVALID` if one is not what it should be
 */
export async function openAuthority(certs: string, now: number, passphrase?: Passphrase): Promise<Signer> {
  const files = authorityFiles(certs)
  const root = await readCertificate(files.root)
  const issuing = await readCertificate(files.issuing)
  if (!issuing.checkIssued(root) || !issuing.verify(root.publicKey))
    throw new SallyportError('CERTIFICATE_INVALID', `${files.issuing} is not signed by ${files.root}`)
  if (now < issuing.validFromDate.getTime() || now > issuing.validToDate.getTime())
    throw new SallyportError(
      'CERTIFICATE_INVALID',
      `${files.issuing} is not valid now: it begins ${issuing.validFromDate.toISOString()} and ends ${issuing.validToDate.toISOString()}; is the clock right (${new Date(now).toISOString()})?`,
    )
  return await openSigner(files.issuing, files.issuingKey, passphrase)
}

/**
 * Opens a CA's certificate and key for signing.
 *
 * Fails closed: a key that others than its owner can get at is not used.
 *
 * @param passphrase asked for only if the key is encrypted
 * @throws SallyportError `NOT_FOUND` if a file is missing, `CERTIFICATE_INVALID` if they are not a CA's or no pair
 */
export async function openSigner(
  certificatePath: string,
  keyPath: string,
  passphrase?: Passphrase,
): Promise<Signer> {
  const certificate = await readCertificate(certificatePath)
  if (!certificate.ca)
    throw new SallyportError('CERTIFICATE_INVALID', `${certificatePath} is not the certificate of a CA`)
  const pem = await readText(keyPath, 'this is to be run where that key is')
  await assertSecret(keyPath)
  const key = await readPrivateKey(pem, keyPath, passphrase)
  if (!certificate.checkPrivateKey(key))
    throw new SallyportError('CERTIFICATE_INVALID', `${keyPath} is not the key of ${certificatePath}`)
  return { certificate: new Certificate(certificate.raw), key: await signingKey(key) }
}

/**
 * Reads the first certificate of a PEM file.
 *
 * @throws SallyportError `NOT_FOUND` or `CERTIFICATE_INVALID`
 */
export async function readCertificate(path: string): Promise<X509Certificate> {
  const pem = await readText(path)
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new SallyportError('CERTIFICATE_INVALID', `${path} is not a certificate in PEM`, { cause })
  }
}

async function readText(path: string, missing = 'is the CA made yet (npm run init-ca)?'): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    const code = errnoOf(cause)
    const help = code === 'ENOENT' ? missing : 'check the rights of the file'
    throw new SallyportError('NOT_FOUND', `${path} cannot be read (${code}): ${help}`, { cause })
  })
}

async function assertSecret(path: string): Promise<void> {
  const { mode } = await stat(path)
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  const octal = (mode & 0o777).toString(8)
  throw new SallyportError(
    'CERTIFICATE_INVALID',
    `the CA key ${path} is open to others than its owner (mode ${octal}): if nobody can have read it, run "chmod 600 ${path}"; else make a new CA`,
  )
}
