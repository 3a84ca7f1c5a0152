import type { AuthContext } from '../../auth/context.ts'
import type { Connected, UpstreamConnection } from './connection.ts'

/** Whose a connection is: the shared one is nobody's, and its key is empty. */
export interface PoolKey {
  /** The same text, the same connection. */
  readonly key: string
  /** Who it is kept for; undefined for the shared one. */
  readonly context: AuthContext | undefined
}

/** A connection, for as long as somebody needs it. */
export interface Lease {
  readonly connection: UpstreamConnection
  /** Whether it was made for this lease: what fails on it is no connection that has grown old. */
  readonly isFresh: boolean
  /** May be called twice. */
  release(): void
}

/** What asking for a connection came to. */
export type Leased =
  | { readonly kind: 'leased'; readonly lease: Lease }
  /** `why` for the operator. */
  | { readonly kind: 'failed'; readonly why: string }
  /** So many connections are open, and all of them in use. */
  | { readonly kind: 'busy' }

/** The connections of one upstream. */
export interface Pool {
  /** The connection of this key; made by `open` if there is none, which callers at the same moment share. Never rejects. */
  lease(key: PoolKey, open: (signal: AbortSignal) => Promise<Connected>): Promise<Leased>
  /** Closes the connections of those who are meant, in use or not. */
  end(concerns: (context: AuthContext) => boolean): void
  /** Closes what nobody has used for long. */
  sweep(): void
  /** Connections that are open or being made. */
  size(): number
  /** Makes no more, lets those in use be used for `grace` ms, and closes all; fulfilled when they are gone. */
  close(grace: number): Promise<void>
}

/** What {@link createPool} takes. */
export interface PoolOptions {
  /** Connections at once, without the shared one. */
  readonly most: number
  /** Ms without use. */
  readonly idle: number
  /** Ms on a clock that does not go back. */
  readonly now: () => number
}

interface Entry {
  context: AuthContext | undefined
  readonly connected: Promise<Connected>
  connection: UpstreamConnection | undefined
  users: number
  usedAt: number
  isOver: boolean
  readonly stop: AbortController
}

/** Makes a pool without connections. */
export function createPool({ most, idle, now }: PoolOptions): Pool {
  const entries = new Map<string, Entry>()
  let isClosed = false
  let released = (): void => undefined

  const close = async (key: string, entry: Entry): Promise<void> => {
    entry.isOver = true
    if (entries.get(key) === entry) entries.delete(key)
    entry.stop.abort()
    const outcome = await entry.connected
    if (outcome.kind === 'connected') await outcome.connection.close()
  }
  const closeAll = (which: (entry: Entry) => boolean): readonly Promise<void>[] =>
    [...entries].flatMap(([key, entry]) => (which(entry) ? [close(key, entry)] : []))
  const isUnused = ({ users, connection }: Entry): boolean =>
    users === 0 && (connection === undefined || connection.inFlight() === 0)

  /**
   * Room for one more of a principal: fulfilled when what made it is closed, so that there are never more processes than
   * connections; undefined where there is none. Nobody has more than are left for the others, so that no caller alone
   * takes all; whoever has one already makes room of its own.
   */
  const roomFor = (principal: string): Promise<void> | undefined => {
    const all = [...entries].filter(([, { context }]) => context !== undefined)
    const countOf = ({ context }: Entry): number =>
      all.filter(([, other]) => other.context?.principal.id === context?.principal.id).length
    const own = all.filter(([, { context }]) => context?.principal.id === principal)
    if (own.length < most - all.length) return Promise.resolve()
    const [longest] = (own.length > 0 ? own : all)
      .filter(([, entry]) => isUnused(entry))
      .toSorted(([, one], [, other]) => countOf(other) - countOf(one) || one.usedAt - other.usedAt)
    return longest && close(...longest)
  }
  /** Nobody gets a connection that did not come to be, or is over. */
  const followed = async (key: string, entry: Entry): Promise<void> => {
    const outcome = await entry.connected
    if (outcome.kind === 'connected') {
      entry.connection = outcome.connection
      await outcome.connection.closed
    }
    if (entries.get(key) === entry) entries.delete(key)
  }
  const opened = (
    { key, context }: PoolKey,
    room: Promise<void>,
    open: (signal: AbortSignal) => Promise<Connected>,
  ): Entry => {
    const stop = new AbortController()
    const entry: Entry = {
      context,
      connected: room.then(async () => open(stop.signal)),
      connection: undefined,
      users: 0,
      usedAt: now(),
      isOver: false,
      stop,
    }
    entries.set(key, entry)
    void followed(key, entry)
    return entry
  }
  const leaseOf = (entry: Entry, connection: UpstreamConnection, isFresh: boolean): Lease => {
    let isHeld = true
    return {
      connection,
      isFresh,
      release() {
        if (!isHeld) return
        isHeld = false
        entry.users -= 1
        entry.usedAt = now()
        released()
      },
    }
  }

  return {
    async lease(key, open) {
      if (isClosed) return { kind: 'failed', why: 'the upstream is no longer configured' }
      const known = entries.get(key.key)
      const room =
        known === undefined && key.context !== undefined
          ? roomFor(key.context.principal.id)
          : Promise.resolve()
      if (room === undefined) return { kind: 'busy' }
      const entry = known ?? opened(key, room, open)
      // Its rights may have changed since; whether they have ended is asked of the newest.
      if (key.context !== undefined) entry.context = key.context
      entry.users += 1
      const outcome = await entry.connected
      if (outcome.kind === 'connected' && !entry.isOver)
        return { kind: 'leased', lease: leaseOf(entry, outcome.connection, known === undefined) }
      entry.users -= 1
      released()
      return { kind: 'failed', why: outcome.kind === 'failed' ? outcome.why : 'the connection was closed' }
    },
    end(concerns) {
      void closeAll(({ context }) => context !== undefined && concerns(context))
    },
    sweep() {
      const before = now() - idle
      void closeAll((entry) => entry.context !== undefined && isUnused(entry) && entry.usedAt <= before)
    },
    size: () => entries.size,
    async close(grace) {
      isClosed = true
      const unused = Promise.withResolvers<void>()
      released = (): void => {
        if ([...entries.values()].every(isUnused)) unused.resolve()
      }
      released()
      const timer = setTimeout(unused.resolve, grace)
      await unused.promise
      clearTimeout(timer)
      await Promise.all(closeAll(() => true))
    },
  }
}
