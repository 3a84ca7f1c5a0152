import type { Caller } from './caller.ts'
import type { ListKind } from './catalog-source.ts'

/** Who is told that a list has changed. */
export interface ListListener {
  /** Who listens at this moment; where nobody does nothing is told. */
  readonly listener: () => Caller | undefined
  readonly tell: (kind: ListKind) => void
}

/** Those of this process who are told that lists have changed. */
export interface ListChanges {
  /** @returns what ends it; may be called twice */
  open(listener: ListListener): () => void
  /** These lists have changed for somebody, or for this principal alone. */
  changed(kinds: readonly ListKind[], principal?: string): void
}

/**
 * Keeps who listens for changes of lists. However many changes there are at once, each is told once of each kind.
 *
 * Fails closed: who may see nothing of a kind is not told that there is anything.
 *
 * @param mayHear asked anew for each that is told
 */
export function listChanges(mayHear: (caller: Caller, kind: ListKind) => boolean): ListChanges {
  const listeners = new Set<ListListener>()
  const pending = new Map<ListKind, Set<string> | 'everybody'>()
  const tellAll = (): void => {
    const all = [...pending]
    pending.clear()
    for (const { listener, tell } of listeners)
      for (const [kind, whom] of all) {
        const caller = listener()
        if (caller === undefined || !(whom === 'everybody' || whom.has(caller.context.principal.id))) continue
        if (mayHear(caller, kind)) tell(kind)
      }
  }
  const add = (kind: ListKind, principal: string | undefined): void => {
    const whom = pending.get(kind)
    if (principal === undefined || whom === 'everybody') pending.set(kind, 'everybody')
    else pending.set(kind, (whom ?? new Set()).add(principal))
  }
  return {
    open(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    changed(kinds, principal) {
      if (pending.size === 0) setImmediate(tellAll)
      for (const kind of kinds) add(kind, principal)
    },
  }
}
