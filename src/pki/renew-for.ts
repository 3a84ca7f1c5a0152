import { KeyObject, X509Certificate } from 'node:crypto'
import { ceilingOf } from './ceiling.ts'
import { authorityFiles } from './files.ts'
import { answerOf, refusal, requestOf, type Issuance, type IssuanceAnswer } from './issuance.ts'
import { issueClient, type Issued } from './issue.ts'
import type { Key } from './key.ts'
import { withLedger } from './ledger.ts'
import { principalOf, stateOf, type LedgerCertificate, type LedgerState } from './ledger-state.ts'
import { assertLives, endOfLineage, renewing } from './lineage.ts'
import { namedClient, type NamedClient } from './named-client.ts'
import { BACKDATING, LIFETIME } from './profile.ts'
import { readLists } from './resign.ts'

/** So many renewals in so many ms, per principal: enough for ten machines that start at once. */
const MOST_RENEWALS = 10
const RENEWAL_WINDOW = 60_000

/**
 * So many renewals of one line in the length of a life, or in a day: thirty times what its holder needs. Each is a line in
 * the ledger for good, and one more to be revoked some day.
 */
const MOST_OF_LINE = 48
const DAY = 24 * 3_600_000

/** No certificate of ours is longer than this many characters of PEM, with its issuer. */
const LONGEST_CERTIFICATE = 16 * 1024

/**
 * Renews a client's certificate for its holder: same identity, same ceiling, same length of life at most, and never
 * beyond the end of its line; with the new key of a request.
 *
 * Fails closed: only what this CA signed and its ledger knows by this very thumbprint, that has not expired and is not
 * revoked, neither in the ledger nor on the list; a ceiling that cannot be read is a refusal. That the caller holds the
 * certificate's key was proved to who asks.
 *
 * @param certificate PEM of the leaf; what follows it is passed over
 * @param now ms since the epoch
 * @throws SallyportError what ledger and list say, and what `announce` throws; then nothing is released
 */
export async function renewFor(
  issuance: Issuance,
  certificate: string,
  csr: string,
  now: number,
): Promise<IssuanceAnswer> {
  const old = readOurs(certificate, new X509Certificate(Buffer.from(issuance.signer.certificate.rawData)))
  if (old === undefined) return refusal('renewal_refused')
  const request = await requestOf(csr, { uri: old.uri, name: old.identity.name })
  // The same key again would outlive whoever has stolen it.
  if (request === undefined || isKeyOf(old.certificate, request.publicKey))
    return refusal('certificate_request_refused')
  const { ledger } = authorityFiles(issuance.certs)
  return await withLedger(ledger, async ({ state, append }) => {
    const known = state().certificates.get(old.certificate.serialNumber)
    if (known === undefined || !mayRenew(known, old.certificate, now)) return refusal('renewal_refused')
    const { issuing } = await readLists(issuance.certs)
    if (issuing.list.revoked.has(known.serial)) return refusal('renewal_refused')
    const life = lifeOf(old.certificate, known, now)
    if (isTooOften(known, life, state(), now)) return refusal('rate_limited')
    const { publicKey } = request
    const issued = renewing(await issue(issuance, old, life, publicKey, now), known)
    await issuance.announce(issued)
    await append(issued.entry)
    return answerOf(issued)
  })
}

interface Ours extends NamedClient {
  readonly certificate: X509Certificate
  readonly ceiling: readonly string[] | undefined
}

/** A client's certificate that this CA signed; `undefined` for anything else. */
function readOurs(pem: string, authority: X509Certificate): Ours | undefined {
  try {
    if (pem.length > LONGEST_CERTIFICATE) return undefined
    const certificate = new X509Certificate(pem)
    if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) return undefined
    const named = namedClient(certificate)
    return named && { certificate, ...named, ceiling: ceilingOf(certificate) }
  } catch {
    return undefined
  }
}

function isKeyOf({ publicKey }: X509Certificate, key: Key): boolean {
  return KeyObject.from(key).equals(publicKey)
}

function mayRenew(known: LedgerCertificate, certificate: X509Certificate, now: number): boolean {
  return (
    known.kind === 'client' &&
    known.thumbprint === `sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}` &&
    stateOf(known, now) === 'valid' &&
    now >= certificate.validFromDate.getTime() &&
    now < certificate.validToDate.getTime() &&
    now < endOfLineage(known)
  )
}

/** As long as before, but never longer than any, nor than its line. */
function lifeOf(certificate: X509Certificate, known: LedgerCertificate, now: number): number {
  const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime() - BACKDATING
  return Math.min(life, LIFETIME.longestClient, endOfLineage(known) - now)
}

async function issue(
  { signer, revocationListUrl }: Issuance,
  { identity, ceiling }: Ours,
  life: number,
  publicKey: Key,
  now: number,
): Promise<Issued> {
  const issued = await issueClient(signer, identity, life, now, {
    publicKey,
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(revocationListUrl === undefined ? {} : { revocationListUrl }),
  })
  assertLives(issued, now)
  return issued
}

function isTooOften(
  known: LedgerCertificate,
  life: number,
  { certificates }: LedgerState,
  now: number,
): boolean {
  const principal = principalOf(known)
  const renewals = [...certificates.values()].filter(({ parent }) => parent !== undefined)
  const since = (window: number): readonly LedgerCertificate[] =>
    renewals.filter(({ issuedAt }) => Math.abs(now - issuedAt) < window)
  const ofPrincipal = since(RENEWAL_WINDOW).filter((renewal) => principalOf(renewal) === principal)
  const ofLine = since(Math.min(life, DAY)).filter(({ lineage }) => lineage === known.lineage)
  return ofPrincipal.length >= MOST_RENEWALS || ofLine.length >= MOST_OF_LINE
}
