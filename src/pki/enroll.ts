import { timingSafeEqual } from 'node:crypto'
import { authorityFiles } from './files.ts'
import { answerOf, refusal, requestOf, type Issuance, type IssuanceAnswer } from './issuance.ts'
import { issueClient } from './issue.ts'
import { readLedger, withLedger, type LockedLedger } from './ledger.ts'
import { assertLives } from './lineage.ts'
import { parseSpiffeUri } from './name.ts'
import { offerFor, parseToken, rootDigest, type TokenParts } from './token.ts'

/**
 * Issues the certificate that a one-time token was made for, with the key of a request. Of many uses at once, in however
 * many processes, exactly one succeeds: looking at the token and using it up are one step under the lock of the ledger,
 * and the line that uses it up is the line of the certificate.
 *
 * A request that is refused does not use the token up; neither does one that cannot be put on record.
 *
 * @param now ms since the epoch
 * @throws SallyportError what the ledger says, and what `announce` throws; then nothing is released
 */
export async function enroll(
  issuance: Issuance,
  token: string,
  csr: string,
  now: number,
): Promise<IssuanceAnswer> {
  const parts = parseToken(token)
  if (parts === undefined || !timingSafeEqual(parts.root, await rootDigest(issuance.certs)))
    return refusal('enrolment_token_invalid')
  const { ledger } = authorityFiles(issuance.certs)
  // Strangers who guess do not keep others from the lock.
  if (offerFor(await readLedger(ledger), parts.digest, now) === undefined)
    return refusal('enrolment_token_invalid')
  return await withLedger(ledger, async (locked) => await use(issuance, locked, parts, csr, now))
}

async function use(
  { signer, announce, revocationListUrl }: Issuance,
  ledger: LockedLedger,
  { digest }: TokenParts,
  csr: string,
  now: number,
): Promise<IssuanceAnswer> {
  const offered = offerFor(ledger.state(), digest, now)
  const identity = parseSpiffeUri(offered?.uri ?? '')
  if (offered === undefined || identity === undefined) return refusal('enrolment_token_invalid')
  const { uri, life, ceiling } = offered
  const request = await requestOf(csr, { uri, name: identity.name })
  if (request === undefined) return refusal('certificate_request_refused')
  const issued = await issueClient(signer, identity, life, now, {
    publicKey: request.publicKey,
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(revocationListUrl === undefined ? {} : { revocationListUrl }),
  })
  assertLives(issued, now)
  await announce(issued)
  await ledger.append({ ...issued.entry, token: digest })
  return answerOf(issued)
}
