import { backoffDelay } from './backoff.ts'
import type { HttpAsk, HttpClient } from './http-client.ts'
import { exchange, type Exchange, type ExchangeEnd } from './http-exchange.ts'

/** What {@link unaskedStream} takes. */
export interface UnaskedStreamOptions {
  readonly client: HttpClient
  /** @param lastId what to resume after */
  readonly ask: (lastId: string | undefined) => HttpAsk
  /** Bytes of one message. */
  readonly bytes: number
  readonly heard: (message: unknown, length: number) => void
  /** The upstream does not know the session any more. */
  readonly sessionLost: () => void
  /** What was said meanwhile may be lost. */
  readonly gap: () => void
}

/** Between two attempts, in ms. */
const WAIT = { least: 1_000, most: 60_000 }
/** Whatever the upstream asks for. */
const SHORTEST_WAIT = 100

/**
 * The stream of what a 2025-era upstream says unasked (MCP 2025-11-25, listening for messages): opened again whenever it
 * ends, later and later while nothing comes of it. An upstream that has none is not asked again.
 *
 * @returns ends it
 */
export function unaskedStream({
  client,
  ask,
  bytes,
  heard,
  sessionLost,
  gap,
}: UnaskedStreamOptions): () => void {
  let current: Exchange | undefined
  let timer: NodeJS.Timeout | undefined
  let lastId: string | undefined
  let failures = 0
  let hasBroken = false

  const again = (hint: number | undefined): void => {
    hasBroken = true
    const wait = hint ?? backoffDelay(WAIT, ++failures, Math.random())
    const pause = Math.min(Math.max(wait, SHORTEST_WAIT), WAIT.most)
    timer = setTimeout(open, pause).unref()
  }
  const end = (ended: ExchangeEnd): void => {
    if (ended.kind === 'refused' && ended.status === 404) return sessionLost()
    if (ended.kind === 'refused' && ended.status < 500) return
    if (ended.kind === 'ended' && !ended.isStream) return
    if (ended.kind === 'ended') lastId = ended.place.lastId ?? lastId
    again(ended.kind === 'ended' ? ended.place.retry : undefined)
  }
  const open = (): void => {
    current = exchange(client, ask(lastId), bytes, {
      answered(status) {
        if (status === 200 && hasBroken && lastId === undefined) gap()
      },
      message(message, length) {
        failures = 0
        heard(message, length)
      },
      end,
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    current?.stop()
  }
}
