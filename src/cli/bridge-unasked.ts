import { isStream, messagesOf, type Place } from './bridge-answer.ts'
import type { Headers } from '../wire/headers.ts'
import type { Carried } from '../wire/message.ts'
import { repeat, type Reading } from './bridge-repeat.ts'
import type { Upstream } from './bridge-upstream.ts'

/** What {@link listenUnasked} takes. */
export interface UnaskedOptions {
  readonly upstream: Upstream
  /** Of the session. */
  readonly headers: Headers
  readonly take: (carried: Carried) => Promise<void>
  /** Told when the stream is open and something may have been missed before. */
  readonly onMissed: () => Promise<void>
  /** Whether something has been missed before the first time. */
  readonly isAnother: boolean
  /** Told when the server does not know the session. */
  readonly onForgotten: () => void
  readonly signal: AbortSignal
}

/**
 * Reads what a 2025-era server says unasked (MCP 2025-11-25, listening for messages from the server), for as long as the
 * session lasts. A stream that ends is opened again, where it ended if the server can do that. Not every server has one.
 */
export async function listenUnasked(options: UnaskedOptions): Promise<void> {
  const { upstream, headers, take, onMissed, onForgotten, signal } = options
  const place: Place = {}
  let isAgain = options.isAnother
  const read = async (): Promise<Reading> => {
    const resume: Headers = place.lastId === undefined ? {} : { 'last-event-id': place.lastId }
    const own = { accept: 'text/event-stream', ...headers, ...resume }
    const sent = await upstream.ask({ method: 'GET', headers: own, signal }, Infinity)
    if (sent.kind !== 'answered') return sent.kind === 'given_up' ? 'over' : 'again'
    const { answer } = sent
    if (!isStream(answer)) {
      await answer.discard()
      if (answer.status === 404) onForgotten()
      return afterRefusal(answer.status, place)
    }
    if (isAgain && place.lastId === undefined) await onMissed()
    isAgain = true
    try {
      for await (const carried of messagesOf(answer, place)) await take(carried)
    } catch {
      // Cut off: it is opened again.
    }
    return 'again'
  }
  await repeat(read, signal, () => place.retry)
}

/**
 * Another stream of the session may not be gone yet (409), and a server may have forgotten where one ended; what is
 * refused otherwise stays refused.
 */
function afterRefusal(status: number, place: Place): Reading {
  const isResuming = place.lastId !== undefined
  place.lastId = undefined
  return status === 409 || status === 429 || status >= 500 || (isResuming && status !== 404)
    ? 'again'
    : 'over'
}
