import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SallyportError } from '../errors.ts'
import { readCertificate } from './authority.ts'
import { ceilingOf } from './ceiling.ts'
import { authorityFiles, clientFiles, serverFiles, type CertificateFiles } from './files.ts'
import type { Issuance } from './issuance.ts'
import { issueClient, issueServer, type IssuedPair, type ServerOptions } from './issue.ts'
import { keyTypeOf } from './key.ts'
import { readLedger, withLedger } from './ledger.ts'
import type { LedgerCertificate } from './ledger-state.ts'
import { assertLives, endOfLineage, renewing, succeeding } from './lineage.ts'
import { namedClient } from './named-client.ts'
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
 * Whether the server's certificate is due: past half of its life, without its key, or revoked, since whoever revoked it
 * wants another.
 *
 * @throws SallyportError as {@link filesAreDue}, and what the ledger says
 */
export async function serverIsDue(certs: string, now: number): Promise<boolean> {
  const files = serverFiles(certs)
  if (await filesAreDue(files, now, RENEWAL_SHARE.server)) return true
  const { serialNumber } = await readCertificate(files.certificate)
  const { certificates } = await readLedger(authorityFiles(certs).ledger)
  return certificates.get(serialNumber)?.revoked !== undefined
}

/**
 * Issues a client's certificate again at the same place: same identity, same ceiling, same length of life, new key.
 *
 * Fails closed: renews only what this CA issued and has not revoked; identity and ceiling come from that certificate.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it may not be renewed
 */
export async function renewClient(issuance: Issuance, name: string, now: number): Promise<IssuedPair> {
  const files = clientFiles(issuance.certs, name)
  return await renewAt(files, issuance, now, async (old, options, isRevoked) => {
    if (isRevoked) throw invalid(files, 'is revoked')
    const identity = namedClient(old)?.identity
    if (identity?.name !== name) throw invalid(files, `does not name the client "${name}"`)
    const life = old.validToDate.getTime() - old.validFromDate.getTime() - BACKDATING
    const ceiling = ceilingOf(old)
    return await issueClient(issuance.signer, identity, Math.min(life, LIFETIME.longestClient), now, {
      ...options,
      ...(ceiling === undefined ? {} : { ceiling }),
    })
  })
}

/**
 * Issues the server's certificate again at the same place: same names, new key. One that is revoked is not renewed but
 * replaced: what comes is no descendant of it.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it may not be renewed
 */
export async function renewServer(issuance: Issuance, now: number): Promise<IssuedPair> {
  return await renewAt(
    serverFiles(issuance.certs),
    issuance,
    now,
    async (old, options) => await issueServer(issuance.signer, subjectNames(old), now, options),
  )
}

/**
 * Renews what is at a place, while nobody else issues or revokes. Its end may have passed: whoever holds the CA may
 * issue anew, and then begins a line anew.
 */
async function renewAt(
  files: CertificateFiles,
  issuance: Issuance,
  now: number,
  issue: (old: X509Certificate, options: ServerOptions, isRevoked: boolean) => Promise<IssuedPair>,
): Promise<IssuedPair> {
  const { certs, signer, announce } = issuance
  return await withLedger(authorityFiles(certs).ledger, async ({ state, append }) => {
    const old = await readCertificate(files.certificate)
    const authority = new X509Certificate(Buffer.from(signer.certificate.rawData))
    if (!old.checkIssued(authority) || !old.verify(authority.publicKey))
      throw invalid(files, 'was not issued by the CA here')
    const known = state().certificates.get(old.serialNumber)
    const { issuing } = await readLists(certs)
    const isRevoked = known?.revoked !== undefined || issuing.list.revoked.has(old.serialNumber)
    const issued = await issue(old, optionsLike(old, issuance), isRevoked)
    const renewed = isRevoked ? issued : descending(issued, known, now)
    assertLives(renewed, now)
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

/** The same kind of key, and where the revocation lists are published now. */
function optionsLike({ publicKey }: X509Certificate, { revocationListUrl }: Issuance): ServerOptions {
  const keyType = keyTypeOf(publicKey)
  return {
    ...(keyType === undefined ? {} : { keyType }),
    ...(revocationListUrl === undefined ? {} : { revocationListUrl }),
  }
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
