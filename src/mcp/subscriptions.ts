import type { AuthContext } from '../auth/context.ts'
import type { Caller } from './caller.ts'
import type { Watches } from './watches.ts'

/** Who is told of changes. */
export interface Subscriber {
  /** Who listens at this moment; where nobody does nothing is told. */
  readonly listener: () => Caller | undefined
  readonly tell: (uri: string) => void
}

/** What one subscriber watches. */
export interface Subscription {
  /** False, and nothing has changed, where its principal watches too much already. */
  add(uri: string, context: AuthContext): boolean
  remove(uri: string): void
  /** Watches nothing any more; may be called twice. */
  end(): void
}

/** The resources of this process that somebody watches. */
export interface Subscriptions {
  /** How many resources a principal may watch. */
  readonly perPrincipal: number
  open(principal: string, subscriber: Subscriber): Subscription
  /** Tells everybody, or one principal, who watches this resource, and may know of it at this moment. */
  updated(uri: string, principal?: string): void
}

/** What {@link createSubscriptions} takes. */
export interface SubscriptionsOptions {
  /** How many resources a principal may watch, over all of its sessions and streams; one that is watched twice counts twice. */
  readonly perPrincipal: number
  /** One name for every way to write the URI of a resource. */
  readonly keyOf: (uri: string) => string
  /** Asked anew for each that is told. */
  readonly mayBeTold: (caller: Caller, uri: string) => boolean
  /** Has a resource watched as long as somebody watches it. */
  readonly watches: Pick<Watches, 'begin' | 'end'>
}

/**
 * Keeps who watches what, in this process: a change on another node is told by nobody here.
 *
 * Fails closed: whoever has lost the right to see a resource since it began to watch is not told.
 */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { perPrincipal, keyOf, mayBeTold, watches } = options
  const watchers = new Map<string, Set<Watcher>>()
  const counts = new Map<string, number>()
  const count = (principal: string, by: number): void => {
    const counted = (counts.get(principal) ?? 0) + by
    if (counted > 0) counts.set(principal, counted)
    else counts.delete(principal)
  }
  const leave = (watcher: Watcher): void => {
    const others = watchers.get(watcher.key)
    others?.delete(watcher)
    if (others?.size === 0) watchers.delete(watcher.key)
    watches.end(watcher.principal, watcher.key)
  }
  return {
    perPrincipal,
    open(principal, subscriber) {
      const watched = new Map<string, Watcher>()
      return {
        add(uri, context) {
          if (watched.has(uri)) return true
          if ((counts.get(principal) ?? 0) >= perPrincipal) return false
          count(principal, 1)
          const watcher = { key: keyOf(uri), uri, subscriber, principal }
          watched.set(uri, watcher)
          watchers.set(watcher.key, (watchers.get(watcher.key) ?? new Set()).add(watcher))
          watches.begin(context, watcher.key, uri)
          return true
        },
        remove(uri) {
          const watcher = watched.get(uri)
          if (watcher === undefined) return
          watched.delete(uri)
          count(principal, -1)
          leave(watcher)
        },
        end() {
          for (const watcher of watched.values()) leave(watcher)
          count(principal, -watched.size)
          watched.clear()
        },
      }
    },
    updated(changed, only) {
      for (const { uri, subscriber, principal } of watchers.get(keyOf(changed)) ?? []) {
        if (only !== undefined && only !== principal) continue
        const caller = subscriber.listener()
        if (caller !== undefined && mayBeTold(caller, uri)) subscriber.tell(uri)
      }
    },
  }
}

/** A resource that one subscriber watches, under the URI as it wrote it. */
interface Watcher {
  readonly key: string
  readonly uri: string
  readonly subscriber: Subscriber
  readonly principal: string
}
