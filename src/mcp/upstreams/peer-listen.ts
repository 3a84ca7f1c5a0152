import { backoffDelay } from './backoff.ts'
import { MODERN } from './peer-envelope.ts'
import type { Subscribing } from './peer-subscribe.ts'
import type { UpstreamAnswer } from './connection.ts'
import type { Watchers } from './peer-watchers.ts'
import { LISTEN, type Peer } from './peer.ts'

/** What a 2026-07-28 upstream is listened to by. */
export interface Listening extends Subscribing {
  /** The upstream has begun to tell. */
  acknowledged(): void
}

/** What {@link listening} takes. */
export interface ListeningOptions {
  readonly peer: Pick<Peer, 'ask'>
  /** Members of the filter for lists that the upstream tells of: `toolsListChanged`, ... */
  readonly lists: readonly string[]
  readonly watches: Watchers
  /** What was said meanwhile is lost. */
  readonly gap: () => void
}

/** Between two attempts, in ms. */
const WAIT = { least: 1_000, most: 60_000 }
const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602

/**
 * Keeps one `subscriptions/listen` open (MCP 2026-07-28, subscriptions) for lists and watched resources. When another
 * resource is watched, another one is opened, and the one before it stays until that is acknowledged; one that ends is
 * opened again, later and later.
 */
export function listening({ peer, lists, watches, gap }: ListeningOptions): Listening {
  let current: AbortController | undefined
  let before: AbortController | undefined
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  let failures = 0
  let hasBroken = false
  let isStopped = false

  const clear = (): void => {
    clearImmediate(soon)
    clearTimeout(timer)
  }
  const ended = (answer: UpstreamAnswer, abort: AbortController): void => {
    if (isStopped || current !== abort) return
    current = undefined
    if (isFinal(answer)) return
    hasBroken = true
    clear()
    timer = setTimeout(open, backoffDelay(WAIT, ++failures, Math.random())).unref()
  }
  const open = (): void => {
    clear()
    if (isStopped) return
    before?.abort()
    before = current
    current = undefined
    const uris = watches.uris()
    if (lists.length === 0 && uris.length === 0) return before?.abort()
    const abort = new AbortController()
    current = abort
    const notifications = {
      ...Object.fromEntries(lists.map((list) => [list, true])),
      ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
    }
    void peer
      .ask(
        {
          method: LISTEN,
          params: { notifications },
          signal: abort.signal,
          timeout: Infinity,
          repeatable: false,
        },
        MODERN,
      )
      .then((answer) => ended(answer, abort))
  }
  open()
  return {
    // Many are often watched at once.
    changed() {
      clear()
      soon = setImmediate(open)
    },
    renew: open,
    acknowledged() {
      before?.abort()
      before = undefined
      failures = 0
      if (hasBroken) gap()
      hasBroken = false
    },
    stop() {
      isStopped = true
      clear()
      before?.abort()
      current?.abort()
    },
  }
}

/** Whether asking again is of no use: the upstream has no such thing, or does not allow it. */
function isFinal(answer: UpstreamAnswer): boolean {
  if (answer.kind === 'error') return answer.code === METHOD_NOT_FOUND || answer.code === INVALID_PARAMS
  return answer.kind === 'refused'
}
