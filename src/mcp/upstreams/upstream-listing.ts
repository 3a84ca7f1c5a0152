import { setTimeout as wait } from 'node:timers/promises'
import type { Era } from '../methods.ts'
import { backoffDelay } from './backoff.ts'
import { coalesced } from './coalesced.ts'
import type { UpstreamConnection } from './connection.ts'
import type { Listing } from './definition.ts'
import { listDefinitions } from './list-definitions.ts'
import type { UpstreamLimits } from './options.ts'
import type { UpstreamConnections } from './upstream-connections.ts'

/** What an upstream is doing: `up` while it lists what it has, `idle` where it is asked only for a principal, and nobody has called yet. */
export type UpstreamState = 'connecting' | 'up' | 'down' | 'idle'

/** What {@link upstreamListing} tells. */
export interface ListingEvents {
  readonly onUp: (era: Era, version: string) => void
  readonly onDown: (why: string) => void
  /** There is another listing. */
  readonly onListed: (listing: Listing) => void
}

/** What one upstream lists, looked at again and again. */
export interface UpstreamListing {
  state(): UpstreamState
  /** The upstream says that a list has changed. */
  changed(): void
  /** There is a new connection of a principal; good to list on where there is none of ours. */
  opened(connection: UpstreamConnection): void
  /** Fulfilled when it was asked for the first time, whatever came of it. */
  readonly first: Promise<void>
  close(): void
}

/** Between two attempts to connect, in ms. */
const RESTART = { least: 500, most: 60_000 }
/** After so many ms a connection that ends has been a good one. */
const STABLE = 30_000
/** Between two listings that the upstream asks for, in ms. */
const PAUSE = 1000
/** Between two listings without any reason, in ms. */
const REGULAR = 60_000
/** The same while the last one failed, and the connection is there still. */
const ANEW = 5000

/** Keeps a connection of ours where there can be one, and lists on it: when it is there, on changes, and every minute. */
export function upstreamListing(
  connections: UpstreamConnections,
  limits: Pick<UpstreamLimits, 'definitions' | 'timeout'>,
  { onUp, onDown, onListed }: ListingEvents,
  now: () => number,
): UpstreamListing {
  const stop = new AbortController()
  const stopped = Promise.withResolvers<string>()
  const first = Promise.withResolvers<void>()
  let state: UpstreamState = connections.hasOwn ? 'connecting' : 'idle'
  let connection: UpstreamConnection | undefined

  const listing = coalesced(PAUSE, async () => {
    const asked = connection
    if (asked === undefined) return
    const listed = await listDefinitions(asked, limits, stop.signal)
    // What was broken off by an end says nothing about what it lists.
    if (stop.signal.aborted || (listed.kind === 'failed' && asked !== connection)) return
    onListed(listed)
    if (listed.kind === 'listed') rise(asked)
    else fall(listed.why)
    first.resolve()
  })
  const rise = ({ era, greeting }: UpstreamConnection): void => {
    if (state === 'up') return
    state = 'up'
    onUp(era, greeting.version)
  }
  const fall = (why: string): void => {
    if (state === 'down') return
    state = 'down'
    onDown(why)
  }
  const use = (opened: UpstreamConnection): void => {
    connection = opened
    listing.ask()
  }
  const lose = (why: string): void => {
    connection = undefined
    first.resolve()
    fall(why)
  }
  const forget = async (opened: UpstreamConnection): Promise<void> => {
    await opened.closed
    if (connection === opened) connection = undefined
  }
  const keep = async (): Promise<void> => {
    let failures = 0
    while (!stop.signal.aborted) {
      const got = await connections.own()
      if (stop.signal.aborted) return got.kind === 'got' ? got.lease.release() : undefined
      const begun = now()
      if (got.kind === 'got') {
        got.breaker.succeeded()
        use(got.lease.connection)
        const why = await Promise.race([got.lease.connection.closed, stopped.promise])
        got.lease.release()
        if (stop.signal.aborted) return
        lose(why)
      } else lose('why' in got ? got.why : 'too many connections are open')
      failures = now() - begun >= STABLE ? 1 : failures + 1
      const pause = backoffDelay(RESTART, failures, Math.random())
      await wait(pause, undefined, { ref: false, signal: stop.signal }).catch(() => undefined)
    }
  }
  if (connections.hasOwn) void keep()
  else first.resolve()
  const regular = setInterval(() => listing.ask(), REGULAR).unref()
  const anew = setInterval(() => (state === 'down' ? listing.ask() : undefined), ANEW).unref()
  return {
    state: () => state,
    changed: () => listing.ask(),
    opened(opened) {
      if (connections.hasOwn || stop.signal.aborted) return
      use(opened)
      void forget(opened)
    },
    first: first.promise,
    close() {
      stop.abort()
      stopped.resolve('it is no longer needed')
      listing.close()
      clearInterval(regular)
      clearInterval(anew)
    },
  }
}
