import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SallyportError } from '../errors.ts'
import { openAuthority, readCertificate } from './authority.ts'
import { ceilingOf } from './ceiling.ts'
import type { Signer } from './certify.ts'
import { authorityFiles, clientFiles, serverFiles, type CertificateFiles } from './files.ts'
import type { Announce } from './issuance.ts'
import { issueClient, issueServer, type IssuedPair } from './issue.ts'
import { keyTypeOf, type KeyType } from './key.ts'
import { withLedger } from './ledger.ts'
import type { LedgerCertificate } from './ledger-state.ts'
import { endOfLineage, renewing, succeeding } from './lineage.ts'
import { parseSpiffeUri } from './name.ts'
import { BACKDATING, LIFETIME } from './profile.ts'
import { replacePair } from './release.ts'
import { readLists } from './resign.ts'
import { subjectNames } from './subject-names.ts'

/**
 * After which part of its life a certificate is due for renewal. A server's is due so early because people are warned
 * of one that ends within two weeks, and a warning is to mean that something does not work.
 */
export const RENEWAL_SHARE: Readonly<Record<'client' | 'server', number>> = { client: 2 / 3, server: 1 / 2 }

/**
 * Whether that part of a certificate's life is over, or all of it.
 *
 * @param now ms since the epoch
 */
export function isDueForRenewal(
  certificate: X509Certificate,
  now: number,
  share: number = RENEWAL_SHARE.client,
): boolean {
  const from = certificate.validFromDate.getTime()
  const to = certificate.validToDate.getTime()
  return now >= from + (to - from) * share
}

/**
 * Whether the certificate at these paths is due for renewal. So is one whose key does not match, which a crash
 * between writing the two may leave.
 *
 * @throws SallyportError `NOT_FOUND` or `CERTIFICATE_INVALID` if it cannot be read
 */
export async function filesAreDue(files: CertificateFiles, now: number, share?: number): Promise<boolean> {
  const certificate = await readCertificate(files.certificate)
  return isDueForRenewal(certificate, now, share) || !(await matches(certificate, files.key))
}

/**
 * Issues a client's certificate again at the same place: same identity, same ceiling, same length of life, new key.
 *
 * Fails closed: renews only what this CA issued and has not revoked; identity and ceiling come from that certificate.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it may not be renewed
 */
export async function renewClient(
  certs: string,
  name: string,
  now: number,
  announce: Announce,
): Promise<IssuedPair> {
  const files = clientFiles(certs, name)
  return await renewAt(certs, files, { now, announce }, async (old, issuer) => {
    const [only, ...more] = subjectNames(old)
    const identity = only?.type === 'url' && more.length === 0 ? parseSpiffeUri(only.value) : undefined
    if (identity?.name !== name) throw invalid(files, `does not name the client "${name}"`)
    const life = old.validToDate.getTime() - old.validFromDate.getTime() - BACKDATING
    const ceiling = ceilingOf(old)
    return await issueClient(issuer, identity, Math.min(life, LIFETIME.longestClient), now, {
      ...keyTypeLike(old),
      ...(ceiling === undefined ? {} : { ceiling }),
    })
  })
}

/**
 * Issues the server's certificate again at the same place: same names, new key.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it may not be renewed
 */
export async function renewServer(certs: string, now: number, announce: Announce): Promise<IssuedPair> {
  return await renewAt(
    certs,
    serverFiles(certs),
    { now, announce },
    async (old, issuer) => await issueServer(issuer, subjectNames(old), now, keyTypeLike(old)),
  )
}

/**
 * Renews what is at a place, while nobody else issues or revokes. Its end may have passed: whoever holds the CA may
 * issue anew, and then begins a line anew.
 */
async function renewAt(
  certs: string,
  files: CertificateFiles,
  { now, announce }: { readonly now: number; readonly announce: Announce },
  issue: (old: X509Certificate, issuer: Signer) => Promise<IssuedPair>,
): Promise<IssuedPair> {
  const old = await readCertificate(files.certificate)
  const issuer = await openAuthority(certs, now)
  const authority = new X509Certificate(Buffer.from(issuer.certificate.rawData))
  if (!old.checkIssued(authority) || !old.verify(authority.publicKey))
    throw invalid(files, 'was not issued by the CA here')
  return await withLedger(authorityFiles(certs).ledger, async ({ state, append }) => {
    const known = state().certificates.get(old.serialNumber)
    const { issuing } = await readLists(certs)
    if (known?.revoked !== undefined || issuing.list.revoked.has(old.serialNumber))
      throw invalid(files, 'is revoked')
    const renewed = descending(await issue(old, issuer), known, now)
    await announce(renewed)
    await append(renewed.entry)
    await replacePair(files, renewed)
    return renewed
  })
}

function descending(issued: IssuedPair, parent: LedgerCertificate | undefined, now: number): IssuedPair {
  if (parent === undefined) return issued
  const goesOn = now < parent.notAfter && issued.expiresAt <= endOfLineage(parent)
  return goesOn ? renewing(issued, parent) : succeeding(issued, parent)
}

function keyTypeLike({ publicKey }: X509Certificate): { readonly keyType?: KeyType } {
  const keyType = keyTypeOf(publicKey)
  return keyType === undefined ? {} : { keyType }
}

async function matches(certificate: X509Certificate, keyPath: string): Promise<boolean> {
  try {
    return certificate.checkPrivateKey(createPrivateKey(await readFile(keyPath)))
  } catch {
    return false
  }
}

function invalid(files: CertificateFiles, problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `${files.certificate} ${problem}, so it is not renewed`)
}
