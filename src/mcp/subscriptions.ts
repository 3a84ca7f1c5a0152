import type { Caller } from './caller.ts'

/** Who is told of changes. */
export interface Subscriber {
  /** Who listens at this moment; where nobody does nothing is told. */
  readonly listener: () => Caller | undefined
  readonly tell: (uri: string) => void
}

/** What one subscriber watches. */
export interface Subscription {
  /** False, and nothing has changed, where its principal watches too much already. */
  add(uri: string): boolean
  remove(uri: string): void
  /** Watches nothing any more; may be called twice. */
  end(): void
}

/** The resources of this process that somebody watches. */
export interface Subscriptions {
  open(principal: string, subscriber: Subscriber): Subscription
  /** Tells everybody who watches this resource, and may know of it at this moment. */
  updated(uri: string): void
}

/** What {@link createSubscriptions} takes. */
export interface SubscriptionsOptions {
  /** How many resources a principal may watch, over all of its sessions and streams; one that is watched twice counts twice. */
  readonly perPrincipal: number
  /** Asked anew for each that is told. */
  readonly mayBeTold: (caller: Caller, uri: string) => boolean
}

/**
 * Keeps who watches what, in this process: a change on another node is told by nobody here.
 *
 * Fails closed: whoever has lost the right to see a resource since it began to watch is not told.
 */
export function createSubscriptions({ perPrincipal, mayBeTold }: SubscriptionsOptions): Subscriptions {
  const watchers = new Map<string, Set<Subscriber>>()
  const counts = new Map<string, number>()
  const count = (principal: string, by: number): void => {
    const counted = (counts.get(principal) ?? 0) + by
    if (counted > 0) counts.set(principal, counted)
    else counts.delete(principal)
  }
  const leave = (uri: string, subscriber: Subscriber): void => {
    const others = watchers.get(uri)
    others?.delete(subscriber)
    if (others?.size === 0) watchers.delete(uri)
  }
  return {
    open(principal, subscriber) {
      const watched = new Set<string>()
      return {
        add(uri) {
          if (watched.has(uri)) return true
          if ((counts.get(principal) ?? 0) >= perPrincipal) return false
          count(principal, 1)
          watched.add(uri)
          watchers.set(uri, (watchers.get(uri) ?? new Set()).add(subscriber))
          return true
        },
        remove(uri) {
          if (!watched.delete(uri)) return
          count(principal, -1)
          leave(uri, subscriber)
        },
        end() {
          for (const uri of watched) leave(uri, subscriber)
          count(principal, -watched.size)
          watched.clear()
        },
      }
    },
    updated(uri) {
      for (const { listener, tell } of watchers.get(uri) ?? []) {
        const caller = listener()
        if (caller !== undefined && mayBeTold(caller, uri)) tell(uri)
      }
    },
  }
}
