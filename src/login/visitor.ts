import { liveSession } from '../auth/live-session.ts'
import type { RefusalReason } from '../auth/authenticator.ts'
import type { LiveSession } from '../auth/session-record.ts'
import type { LoginOptions } from './options.ts'
import type { Visit } from './visit.ts'

/** Who has a live session, complete or pending. */
export interface KnownVisitor {
  readonly kind: 'known'
  readonly live: LiveSession
  readonly from: 'cookie' | 'bearer'
  readonly token: string
}

/** Who a request is of, or why it is of nobody. */
export type Visitor = KnownVisitor | { readonly kind: 'refused'; readonly reason: RefusalReason }

/**
 * Finds the live session of a request, and slides it.
 *
 * Fails closed: whatever is not the token of a live session is refused. Rejects with `STORE_UNAVAILABLE`.
 */
export async function visitorOf({ presented }: Visit, options: LoginOptions): Promise<Visitor> {
  if (presented.kind === 'absent') return { kind: 'refused', reason: 'no_credential' }
  if (presented.kind === 'refused') return presented
  const { sessions, keys, now } = options
  const session = await liveSession(presented.token, sessions, keys, now())
  if (session === undefined) return { kind: 'refused', reason: 'session_invalid' }
  return { kind: 'known', live: session.live, from: presented.from, token: presented.token }
}

/** The live session in the cookie of a browser; `undefined` for anything else. */
export async function browserVisitor(visit: Visit, options: LoginOptions): Promise<KnownVisitor | undefined> {
  if (visit.presented.kind !== 'token' || visit.presented.from !== 'cookie') return undefined
  const visitor = await visitorOf(visit, options)
  return visitor.kind === 'known' ? visitor : undefined
}
