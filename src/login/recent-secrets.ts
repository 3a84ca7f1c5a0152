import type { SecretVault } from './secret-vault.ts'

/** How long a secret is used after it was read, in ms: one that was taken away elsewhere is not used for longer. */
const RECENT = 30_000
/** Of 8 KiB at most. */
const MOST_RECENT = 2_048

interface Recent {
  readonly value: string
  /** Ms since the epoch. */
  readonly readAt: number
}

/**
 * A vault that reads what it has just read no second time, so that a call does not wait for the store. What is set or
 * removed through it counts at once, by another process within 30 s. That there is none is not remembered.
 *
 * @param now ms since the epoch
 */
export function recentSecrets(vault: SecretVault, now: () => number): SecretVault {
  const recent = new Map<string, Recent>()
  /** Rises with every change: what was read before one may be what it was before. */
  let changes = 0
  const changed = (): void => {
    changes++
    recent.clear()
  }
  const keep = (key: string, one: Recent): void => {
    recent.delete(key)
    recent.set(key, one)
    const [oldest] = recent.keys()
    if (recent.size > MOST_RECENT && oldest !== undefined) recent.delete(oldest)
  }
  const valueOf = (key: string, time: number): string | undefined => {
    const one = recent.get(key)
    if (one === undefined) return undefined
    // Of a clock that went back nothing is known.
    if (time >= one.readAt && time - one.readAt < RECENT) return one.value
    recent.delete(key)
    return undefined
  }
  return {
    async read(principal, upstream, audience, names) {
      const readAt = now()
      const keyOf = (name: string): string => JSON.stringify([principal, upstream, audience, name])
      const known = names.flatMap((name) => {
        const value = valueOf(keyOf(name), readAt)
        return value === undefined ? [] : [[name, value] as const]
      })
      const found = Object.fromEntries(known)
      const others = names.filter((name) => !Object.hasOwn(found, name))
      if (others.length === 0) return Object.freeze(found)
      const before = changes
      const read = await vault.read(principal, upstream, audience, others)
      if (before === changes)
        for (const [name, value] of Object.entries(read)) keep(keyOf(name), { value, readAt })
      return Object.freeze({ ...found, ...read })
    },
    look: (place, names) => vault.look(place, names),
    list: (principal) => vault.list(principal),
    async set(place, value) {
      try {
        return await vault.set(place, value)
      } finally {
        changed()
      }
    },
    async remove(principal, upstream, name) {
      try {
        return await vault.remove(principal, upstream, name)
      } finally {
        changed()
      }
    },
  }
}
