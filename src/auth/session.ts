import { ABSENT, refused, type Authenticator, type Evidence, type Outcome } from './authenticator.ts'
import { principalOf } from './principal.ts'
import { cookieNamed, SESSION_COOKIE, sessionTokenFrom } from './session-credential.ts'
import type { SessionKeys } from './session-keys.ts'
import { isSealed, type LiveSession, type SessionRecords } from './session-record.ts'
import { digestOf, slotOf, slotOfToken } from './session-token.ts'

/** What the session authenticator needs. */
export interface SessionAuthenticatorOptions {
  readonly records: SessionRecords
  readonly keys: SessionKeys
}

/**
 * Identifies a person by the token of a login session: as bearer, or in the cookie of a request that our own pages
 * made (`Sec-Fetch-Site: same-origin`; cookies ignore ports, so any service on this host may have received one).
 *
 * Fails closed: a token or cookie that is not of a live, complete session is a refusal, never absent. Rejects with
 * `STORE_UNAVAILABLE` when the store cannot answer.
 */
export function sessionAuthenticator(options: SessionAuthenticatorOptions): Authenticator {
  return async (evidence) => {
    const cookie = cookieNamed(evidence.cookieHeader, SESSION_COOKIE)
    if (cookie.kind === 'refused') return refused(cookie.reason)
    const presented = {
      authorization: evidence.authorization,
      cookie: cookie.kind === 'found' ? cookie.value : undefined,
    }
    const credential = sessionTokenFrom(presented, options.keys.cookie)
    if (credential.kind === 'absent') return ABSENT
    if (credential.kind === 'refused') return refused(credential.reason)
    if (credential.from === 'cookie' && evidence.fetchSite !== 'same-origin')
      return refused('session_wrong_site')
    return identify(credential.token, evidence, options)
  }
}

async function identify(
  token: string,
  evidence: Evidence,
  { records, keys }: SessionAuthenticatorOptions,
): Promise<Outcome> {
  const slot = slotOfToken(token)
  if (slot === undefined) return refused('session_invalid')
  const digest = digestOf(token)
  const live = await records.validate(digest, slot, evidence.now)
  if (live === undefined || !speaksFor(live, digest, slot, keys, evidence.now))
    return refused('session_invalid')
  if (live.record.pending !== null) return refused('session_pending')
  return outcomeOf(live)
}

/** Whether the record is ours, of this token and not over: what the store holds is not believed unsealed. */
function speaksFor(
  { record }: LiveSession,
  digest: string,
  slot: string,
  keys: SessionKeys,
  now: number,
): boolean {
  return (
    record.digest === digest &&
    slotOf(record.user) === slot &&
    now < record.expiresAt &&
    isSealed(record, keys.seal)
  )
}

function outcomeOf({ record }: LiveSession): Outcome {
  const principal = principalOf('user', record.user)
  if (principal === undefined) return refused('session_invalid')
  return {
    kind: 'identified',
    identity: {
      principal,
      method: 'session',
      authenticatedAt: record.authenticatedAt,
      ...(record.mfaAt === null ? {} : { mfaAt: record.mfaAt }),
      credential: `sha256:${record.digest}`,
      expiresAt: record.expiresAt,
    },
  }
}
