import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SallyportError } from '../errors.ts'
import { openAuthority, readCertificate } from './authority.ts'
import type { Signer } from './certify.ts'
import { parseRevocationLists } from './crl.ts'
import { authorityFiles, clientFiles, serverFiles, type CertificateFiles } from './files.ts'
import { issueClient, issueServer, type Issued } from './issue.ts'
import { parseSpiffeUri } from './name.ts'
import { BACKDATING, LIFETIME, type SubjectName } from './profile.ts'
import { releaseOver } from './release.ts'
import { SubjectAlternativeNameExtension, X509Certificate as Certificate } from './x509.ts'

/**
 * Whether two thirds of a certificate's life are over, or all of it.
 *
 * @param now ms since the epoch
 */
export function isDueForRenewal(certificate: X509Certificate, now: number): boolean {
  const from = certificate.validFromDate.getTime()
  const to = certificate.validToDate.getTime()
  return now >= from + ((to - from) * 2) / 3
}

/**
 * Whether the certificate at these paths is due for renewal. So is one whose key does not match, which a crash
 * between writing the two may leave.
 *
 * @throws SallyportError `NOT_FOUND` or `CERTIFICATE_INVALID` if it cannot be read
 */
export async function filesAreDue(files: CertificateFiles, now: number): Promise<boolean> {
  const certificate = await readCertificate(files.certificate)
  return isDueForRenewal(certificate, now) || !(await matches(certificate, files.key))
}

/** Told what was signed before it is released, to put it on record. If it rejects, nothing is released. */
export type Announce = (issued: Issued) => Promise<void>

/**
 * Issues a client's certificate again at the same place: same identity, same length of life, new key.
 *
 * Fails closed: renews only what this CA issued and has not revoked; the identity comes from that certificate.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it may not be renewed
 */
export async function renewClient(
  certs: string,
  name: string,
  now: number,
  announce: Announce,
): Promise<Issued> {
  const files = clientFiles(certs, name)
  const { old, issuer } = await renewable(certs, files, now)
  const [only, ...more] = subjectNames(old)
  const identity = only?.type === 'url' && more.length === 0 ? parseSpiffeUri(only.value) : undefined
  if (identity?.name !== name) throw invalid(files, `does not name the client "${name}"`)
  const life = old.validToDate.getTime() - old.validFromDate.getTime() - BACKDATING
  const renewed = await issueClient(issuer, identity, Math.min(life, LIFETIME.longestClient), now)
  await announce(renewed)
  await releaseOver(certs, files, renewed)
  return renewed
}

/**
 * Issues the server's certificate again at the same place: same names, new key.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it may not be renewed
 */
export async function renewServer(certs: string, now: number, announce: Announce): Promise<Issued> {
  const files = serverFiles(certs)
  const { old, issuer } = await renewable(certs, files, now)
  const renewed = await issueServer(issuer, subjectNames(old), now)
  await announce(renewed)
  await releaseOver(certs, files, renewed)
  return renewed
}

/** The certificate to renew and who signs the new one. Its end may have passed: whoever holds the CA may issue anew. */
async function renewable(
  certs: string,
  files: CertificateFiles,
  now: number,
): Promise<{ readonly old: X509Certificate; readonly issuer: Signer }> {
  const old = await readCertificate(files.certificate)
  const issuer = await openAuthority(certs, now)
  const authority = new X509Certificate(Buffer.from(issuer.certificate.rawData))
  if (!old.checkIssued(authority) || !old.verify(authority.publicKey))
    throw invalid(files, 'was not issued by the CA here')
  if (await isRevoked(old, certs, authority)) throw invalid(files, 'is revoked')
  return { old, issuer }
}

async function isRevoked(
  certificate: X509Certificate,
  certs: string,
  authority: X509Certificate,
): Promise<boolean> {
  const files = authorityFiles(certs)
  const pem = await readFile(files.revocationLists, 'utf8')
  const lists = await parseRevocationLists(pem, [authority, await readCertificate(files.root)])
  return lists.some(({ issuer, revoked }) => issuer === authority && revoked.has(certificate.serialNumber))
}

async function matches(certificate: X509Certificate, keyPath: string): Promise<boolean> {
  try {
    return certificate.checkPrivateKey(createPrivateKey(await readFile(keyPath)))
  } catch {
    return false
  }
}

function subjectNames(certificate: X509Certificate): readonly SubjectName[] {
  const names = new Certificate(certificate.raw).getExtension(SubjectAlternativeNameExtension)?.names.items
  return (names ?? []).flatMap(({ type, value }) =>
    type === 'url' || type === 'dns' || type === 'ip' ? [{ type, value }] : [],
  )
}

function invalid(files: CertificateFiles, problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `${files.certificate} ${problem}, so it is not renewed`)
}
