import type { ServerResponse } from 'node:http'
import type { Authenticated } from '../auth/authenticate.ts'
import type { AuthContext } from '../auth/context.ts'
import type { OpenAnswers } from './open-answers.ts'

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
  readonly authenticate: () => Promise<Authenticated>
  /** Ms since the epoch. */
  readonly now: () => number
  readonly open: OpenAnswers
}

/** Whoever waits for an answer is judged anew at the latest after this long, in ms. */
const LONGEST_UNJUDGED = 30_000

/**
 * Judges a caller anew as long as its answer is not complete: when its credential ends, every 30 s, and if it is known
 * by a certificate, when certificates are judged anew.
 *
 * Fails closed: a caller that is refused, is another principal, or cannot be judged loses the connection.
 */
export function watchStream({ response, context, authenticate, now, open }: StreamWatchOptions): StreamWatch {
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
  const watch = ({ principal, expiresAt }: AuthContext): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void judge(principal.id), untilJudged(expiresAt, now())).unref()
  }
  const judge = async (principalId: string): Promise<void> => {
    const again = await authenticate().catch(() => undefined)
    if (response.destroyed) return
    if (again?.kind === 'context' && again.context.principal.id === principalId) watch(again.context)
    else response.destroy()
  }
  // The client may be gone already, and then nobody will say so again.
  if (response.destroyed) close()
  else {
    response.once('close', close)
    if (context.methods.includes('certificate')) leave = open.add(() => void judge(context.principal.id))
    watch(context)
  }
  return { signal: controller.signal, closed }
}

/** In how many ms a caller must be judged anew whose credential ends at `expiresAt`. */
export function untilJudged(expiresAt: number, now: number): number {
  return Math.min(LONGEST_UNJUDGED, Math.max(1, expiresAt - now))
}
