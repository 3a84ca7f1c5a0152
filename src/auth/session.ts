import { ABSENT, refused, type Authenticator, type Evidence, type Outcome } from './authenticator.ts'
import { liveSession, type OwnedSession } from './live-session.ts'
import { cookieNamed, SESSION_COOKIE, sessionTokenFrom } from './session-credential.ts'
import type { SessionKeys } from './session-keys.ts'
import type { SessionRecords } from './session-record.ts'

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
  { now }: Evidence,
  { records, keys }: SessionAuthenticatorOptions,
): Promise<Outcome> {
  const session = await liveSession(token, records, keys, now)
  if (session === undefined) return refused('session_invalid')
  return session.live.record.pending === null ? outcomeOf(session) : refused('session_pending')
}

function outcomeOf({ live: { record }, principal }: OwnedSession): Outcome {
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
