import { ABSENT, refused, type Authenticator, type Evidence, type Outcome } from './authenticator.ts'
import { liveSession, type OwnedSession, type SessionAccess } from './live-session.ts'
import { cookieNamed, SESSION_COOKIE, sessionTokenFrom } from './session-credential.ts'
import type { Holder } from './session-binding.ts'

/**
 * Identifies a person by the token of a login session: as bearer, or in the cookie of a request that our own pages
 * made (`Sec-Fetch-Site: same-origin`; cookies ignore ports, so any service on this host may have received one).
 *
 * Fails closed: a token or cookie that is not of a live, complete session is a refusal, never absent. Rejects with
 * `STORE_UNAVAILABLE` when the store cannot answer.
 */
export function sessionAuthenticator(access: SessionAccess): Authenticator {
  return async (evidence) => {
    const cookie = cookieNamed(evidence.cookieHeader, SESSION_COOKIE)
    if (cookie.kind === 'refused') return refused(cookie.reason)
    const presented = {
      authorization: evidence.authorization,
      cookie: cookie.kind === 'found' ? cookie.value : undefined,
    }
    const credential = sessionTokenFrom(presented, access.keys.cookie)
    if (credential.kind === 'absent') return ABSENT
    if (credential.kind === 'refused') return refused(credential.reason)
    if (credential.from === 'cookie' && evidence.fetchSite !== 'same-origin')
      return refused('session_wrong_site')
    return identify(credential.token, evidence, access)
  }
}

async function identify(token: string, evidence: Evidence, access: SessionAccess): Promise<Outcome> {
  const { now, use } = evidence
  const session = await liveSession({ token, now, use, ...holderIn(evidence) }, access)
  if (session.kind === 'refused') return refused(session.reason)
  return session.live.record.pending === null ? outcomeOf(session) : refused('session_pending')
}

/** Who speaks through a proxy comes from the proxy's address, which says nothing of him. */
function holderIn({ certificate, address }: Evidence): Holder {
  const identity = certificate.kind === 'identified' ? certificate.identity : undefined
  return {
    address: identity?.via === undefined ? address : undefined,
    certificateKey: identity?.certificateKey,
  }
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
