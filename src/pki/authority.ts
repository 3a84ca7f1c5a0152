import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { SallyportError } from '../errors.ts'
import { certificatePem, certify, type Certified, type Signer } from './certify.ts'
import { revocationListTemplate, signRevocationList } from './crl.ts'
import { authorityFiles, createDirectory, type AuthorityFiles } from './files.ts'
import { privateKeyPem, signingKey } from './key.ts'
import { ledgerEntry, ledgerLine } from './ledger.ts'
import { assertTrustDomain } from './name.ts'
import { issuingTemplate, LIFETIME, rootTemplate } from './profile.ts'
import { X509Certificate as Certificate } from './x509.ts'

/** A new root and its issuing CA, with the first revocation list of each. */
interface NewAuthority {
  readonly root: Certified
  readonly issuing: Certified
  /** Two PEM blocks: the issuing CA's list, then the root's. */
  readonly revocationLists: string
}

/**
 * Makes a root, an issuing CA below it, and an empty revocation list of each; writes nothing.
 *
 * @param trustDomain the authority part of the SPIFFE URIs that it will issue
 * @param now ms since the epoch
 * @throws SallyportError `CONFIGURATION_INVALID` for a trust domain that cannot be one
 */
export async function newAuthority(trustDomain: string, now: number): Promise<NewAuthority> {
  assertTrustDomain(trustDomain)
  const root = await certify(rootTemplate(trustDomain, now))
  const issuing = await certify(issuingTemplate({ trustDomain, servers: [] }, now), signerOf(root))
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
 * @throws SallyportError `FILE_EXISTS` if there is one already, `CONFIGURATION_INVALID` for the trust domain
 */
export async function createAuthority(
  certs: string,
  trustDomain: string,
  now: number,
): Promise<AuthorityFiles> {
  const { root, issuing, revocationLists } = await newAuthority(trustDomain, now)
  const files = authorityFiles(certs)
  const ledger =
    ledgerLine(ledgerEntry('root', root.certificate, now)) +
    ledgerLine(ledgerEntry('issuing', issuing.certificate, now))
  await createDirectory(files.directory, {
    [basename(files.ledger)]: { content: ledger, secret: true },
    [basename(files.rootKey)]: { content: await privateKeyPem(root.keys.privateKey), secret: true },
    [basename(files.root)]: { content: certificatePem(root.certificate), secret: false },
    [basename(files.issuingKey)]: { content: await privateKeyPem(issuing.keys.privateKey), secret: true },
    [basename(files.issuing)]: { content: certificatePem(issuing.certificate), secret: false },
    [basename(files.revocationLists)]: { content: revocationLists, secret: false },
  })
  return files
}

/**
 * Opens the issuing CA of a certs directory for signing.
 *
 * Fails closed: the certificate must be a CA's, signed by the root beside it, valid now, and belong to the key.
 *
 * @throws SallyportError `NOT_FOUND` if a file is missing, `CERTIFICATE_INVALID` if one is not what it should be
 */
export async function openAuthority(certs: string, now: number): Promise<Signer> {
  const files = authorityFiles(certs)
  const root = await readCertificate(files.root)
  const issuing = await readCertificate(files.issuing)
  if (!issuing.checkIssued(root) || !issuing.verify(root.publicKey))
    throw new SallyportError('CERTIFICATE_INVALID', `${files.issuing} is not signed by ${files.root}`)
  if (now < issuing.validFromDate.getTime() || now > issuing.validToDate.getTime())
    throw new SallyportError(
      'CERTIFICATE_INVALID',
      `${files.issuing} is not valid now: it ends ${issuing.validTo}`,
    )
  return await openSigner(files.issuing, files.issuingKey)
}

/**
 * Opens a CA's certificate and key for signing.
 *
 * @throws SallyportError `NOT_FOUND` if a file is missing, `CERTIFICATE_INVALID` if they are not a CA's or no pair
 */
export async function openSigner(certificatePath: string, keyPath: string): Promise<Signer> {
  const certificate = await readCertificate(certificatePath)
  const key = await readKey(keyPath)
  if (!certificate.ca)
    throw new SallyportError('CERTIFICATE_INVALID', `${certificatePath} is not the certificate of a CA`)
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
  return await read(path, 'a certificate', (pem) => new X509Certificate(pem))
}

async function readKey(path: string): Promise<ReturnType<typeof createPrivateKey>> {
  return await read(path, 'an unencrypted private key', (pem) => createPrivateKey(pem))
}

async function read<T>(path: string, what: string, parse: (pem: string) => T): Promise<T> {
  const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('NOT_FOUND', `${path} cannot be read: is the CA made yet (npm run init-ca)?`, {
      cause,
    })
  })
  try {
    return parse(pem)
  } catch (cause) {
    throw new SallyportError('CERTIFICATE_INVALID', `${path} is not ${what} in PEM`, { cause })
  }
}
