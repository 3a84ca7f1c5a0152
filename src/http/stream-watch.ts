import type { ServerResponse } from 'node:http'
import type { Authenticated } from '../auth/authenticate.ts'
import type { AuthContext } from '../auth/context.ts'
import type { SessionUse } from '../auth/session-record.ts'
import type { OpenAnswers } from './open-answers.ts'
import { wordsOf } from './refusal.ts'

/** What watches over an answer until it is complete or given up. */
export interface StreamWatch {
  /** Aborted when the connection is gone, or the caller no longer who it was, before the answer was complete. */
  readonly signal: AbortSignal
  /** Resolves when the answer is complete or given up, either way. */
  readonly closed: Promise<void>
}

/** What {@link watchStream} takes. */
export interface StreamWatchOptions {
  readonly response: ServerResponse
  /** Who the caller was when the request was let in. */
  readonly context: AuthContext
  /** Proves anew who is calling. */
  readonly authenticate: (use: SessionUse) => Promise<Authenticated>
  /** Whether two contexts have the same rights. */
  readonly sameRights: (before: AuthContext, now: AuthContext) => boolean
  /** Ms since the epoch. */
  readonly now: () => number
  readonly open: OpenAnswers
}

/** Whoever waits for an answer is judged anew at the latest after this long, in ms. */
const LONGEST_UNJUDGED = 30_000

/**
 * Judges a caller anew as long as its answer is not complete: when its credential ends, every 30 s, and whenever `open`
 * says so. That is a look, no use: a session of which nothing but an answer is open ends when it was idle for too long.
 *
 * Fails closed: a caller that is refused, is another principal, has other rights than when the request was let in, or
 * cannot be judged loses the connection.
 */
export function watchStream(options: StreamWatchOptions): StreamWatch {
  const { response, context, authenticate, sameRights, now, open } = options
  const controller = new AbortController()
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  let leave = (): void => undefined
  const close = (): void => {
    clearTimeout(timer)
    leave()
    if (!response.writableFinished) controller.abort()
    resolve()
  }
  const watch = ({ expiresAt }: AuthContext): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void judge(), untilJudged(expiresAt, now())).unref()
  }
  const isUnchanged = (again: AuthContext): boolean =>
    again.principal.id === context.principal.id && sameRights(context, again)
  const judge = async (): Promise<void> => {
    if (response.destroyed) return
    const again = await authenticate('look').catch(() => undefined)
    if (isOver(again)) open.ended(context)
    if (response.destroyed) return
    if (again?.kind === 'context' && isUnchanged(again.context)) watch(again.context)
    else response.destroy()
  }
  // The client may be gone already, and then nobody will say so again.
  if (response.destroyed) close()
  else {
    response.once('close', close)
    leave = open.add({ context, judge: () => void judge() })
    watch(context)
  }
  return { signal: controller.signal, closed }
}

/** Whether a credential was judged to be none any more: where nobody could judge, nothing is said of it. */
function isOver(again: Authenticated | undefined): boolean {
  return again?.kind === 'refused' && wordsOf(again.reason).status !== 503
}

/** In how many ms a caller must be judged anew whose credential ends at `expiresAt`. */
export function untilJudged(expiresAt: number, now: number): number {
  return Math.min(LONGEST_UNJUDGED, Math.max(1, expiresAt - now))
}
