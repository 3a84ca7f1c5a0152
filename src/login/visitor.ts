import { liveSession } from '../auth/live-session.ts'
import type { RefusalReason } from '../auth/authenticator.ts'
import type { LiveSession, PendingStep } from '../auth/session-record.ts'
import { lackingStep } from './lacking-step.ts'
import type { LoginOptions } from './options.ts'
import type { RedirectTarget } from './reply.ts'
import { pageOf } from './step-page.ts'
import type { Visit } from './visit.ts'

/** Who has a live session, complete or pending. */
export interface KnownVisitor {
  readonly kind: 'known'
  readonly live: LiveSession
  /** The step that this session lacks now, or null for a complete one. */
  readonly lacks: PendingStep | null
  readonly from: 'cookie' | 'bearer'
  readonly token: string
}

/** Who a request is of, or why it is of nobody. */
export type Visitor = KnownVisitor | { readonly kind: 'refused'; readonly reason: RefusalReason }

/** Who a page is for, or where whoever asks is sent instead. */
export type PageVisitor = KnownVisitor | { readonly kind: 'elsewhere'; readonly to: RedirectTarget }

/** The sessions that a route is for: of those that lack one of these steps; null is a complete session. */
export type Steps = readonly (PendingStep | null)[]

/** What a route is for unless it says otherwise: whoever has nothing left to prove. */
export const COMPLETE: Steps = [null]
/** For what anybody with a session may do, however little was proved in it. */
export const ANY_STEP: Steps = [null, 'second_factor', 'change_password', 'enrol']

/**
 * Finds the live session of a request, and slides it.
 *
 * Fails closed: whatever is not the token of a live session is refused, and so is a session that lacks a step which
 * the route is not for. Rejects with `STORE_UNAVAILABLE`.
 */
export async function visitorOf(
  visit: Visit,
  options: LoginOptions,
  steps: Steps = COMPLETE,
): Promise<Visitor> {
  const visitor = await anyVisitor(visit, options)
  if (visitor.kind === 'refused' || steps.includes(visitor.lacks)) return visitor
  const isPending = visitor.live.record.pending !== null
  return { kind: 'refused', reason: isPending ? 'session_pending' : 'second_factor_required' }
}

/** The live session in the cookie of a browser, as {@link visitorOf} finds it; `undefined` for anything else. */
export async function browserVisitor(
  visit: Visit,
  options: LoginOptions,
  steps: Steps = COMPLETE,
): Promise<KnownVisitor | undefined> {
  if (!isFromBrowser(visit)) return undefined
  const visitor = await visitorOf(visit, options, steps)
  return visitor.kind === 'known' ? visitor : undefined
}

/** The same for a page: who lacks a step that it is not for is sent to the page of that step, a stranger to the login. */
export async function pageVisitor(
  visit: Visit,
  options: LoginOptions,
  steps: Steps = COMPLETE,
): Promise<PageVisitor> {
  const visitor = await browserVisitor(visit, options, ANY_STEP)
  if (visitor === undefined) return { kind: 'elsewhere', to: '/login' }
  return steps.includes(visitor.lacks) ? visitor : { kind: 'elsewhere', to: pageOf(visitor.lacks) }
}

async function anyVisitor({ presented, caller }: Visit, options: LoginOptions): Promise<Visitor> {
  if (presented.kind === 'absent') return { kind: 'refused', reason: 'no_credential' }
  if (presented.kind === 'refused') return presented
  const { address, certificateKey } = caller
  const asked = { token: presented.token, now: options.now(), use: 'use' as const, address, certificateKey }
  const session = await liveSession(asked, options)
  if (session.kind === 'refused') return session
  const { live } = session
  const lacks = await lackingStep(live.record, options)
  return { kind: 'known', live, lacks, from: presented.from, token: presented.token }
}

function isFromBrowser({ presented }: Visit): boolean {
  return presented.kind === 'token' && presented.from === 'cookie'
}
