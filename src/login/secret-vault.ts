import type { SealedPlace } from '../auth/sealed-text.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeptSecret, SecretEntries, SecretEntry } from './secret-entries.ts'
import { fitsSecret } from './secret-value.ts'

/** For whom a secret is kept, and for what. */
export interface SecretPlace {
  /** As in `user:alice`. */
  readonly principal: string
  readonly upstream: string
  /** What it is bound to: the origin of the upstream's URL, or what stands for its command line. */
  readonly audience: string
  readonly name: string
}

/** One secret, as its owner sees it. */
export interface SecretState {
  readonly name: string
  /** When it was set, in ms since the epoch; null if there is none. */
  readonly setAt: number | null
  /** Whether it can be used: false for one that was set for another address of the upstream. */
  readonly isGood: boolean
}

/** What became of a secret that was to be kept. */
export type SecretSet = 'set' | 'unfit' | 'full'

/**
 * Keeps what principals need at upstreams, sealed under keys that are not in the store: whoever can read the store learns
 * no secret, and whoever can write to it can bring none to another principal, upstream, name or audience. What it does
 * not keep him from is putting back what was sealed for the very same place before. Rejects with `STORE_UNAVAILABLE`.
 */
export interface SecretVault {
  /** Of `names` those that are there and can be opened. Fails closed: one that cannot is not there. */
  read(
    principal: string,
    upstream: string,
    audience: string,
    names: readonly string[],
  ): Promise<Readonly<Record<string, string>>>
  /** What there is of `names`, without the values, in the same order. */
  look(place: Omit<SecretPlace, 'name'>, names: readonly string[]): Promise<readonly SecretState[]>
  /** All of a principal, by upstream and name, whether or not they can be opened. */
  list(principal: string): Promise<readonly KeptSecret[]>
  /** Keeps a value in place of the one that is there. */
  set(place: SecretPlace, value: string): Promise<SecretSet>
  /** False if there is none. */
  remove(principal: string, upstream: string, name: string): Promise<boolean>
}

/** What a vault is made of. */
export interface SecretVaultOptions {
  readonly entries: SecretEntries
  readonly ring: KeyRing
  /** Ms since the epoch. */
  readonly now: () => number
  /** Takes a sentence for the operator. */
  readonly tell: (sentence: string) => void
}

/** Of one principal. */
export const MOST_SECRETS = 64

/** Of so many it is told that they do not open, so that whoever writes to the store does not fill the log. */
const MOST_TOLD = 1_000

/** Over a store. */
export function secretVault({ entries, ring, now, tell }: SecretVaultOptions): SecretVault {
  const told = new Set<string>()
  const tellOnce = (place: SecretPlace, { sealed }: SecretEntry): void => {
    const { principal, upstream, name } = place
    const which = `${name} of ${principal} for the upstream "${upstream}"`
    if (told.size >= MOST_TOLD || told.has(which)) return
    told.add(which)
    tell(`the secret ${which} cannot be used: ${whyNot(ring.strangeKey(sealed))}`)
  }
  const opened = async (
    place: SecretPlace,
  ): Promise<{ setAt: number; value: string | undefined } | undefined> => {
    const { principal, upstream, name } = place
    const entry = await entries.find(principal, upstream, name)
    if (entry === undefined) return undefined
    const { setAt } = entry
    const value = ring.open(sealedPlace(place, setAt), entry.sealed)
    if (value === undefined) tellOnce(place, entry)
    return { setAt, value }
  }
  return {
    async read(principal, upstream, audience, names) {
      const values = await Promise.all(
        names.map(async (name) => {
          const value = (await opened({ principal, upstream, audience, name }))?.value
          return value === undefined ? [] : [[name, value] as const]
        }),
      )
      return Object.freeze(Object.fromEntries(values.flat()))
    },
    async look(place, names) {
      return Promise.all(
        names.map(async (name) => {
          const found = await opened({ ...place, name })
          return { name, setAt: found?.setAt ?? null, isGood: found?.value !== undefined }
        }),
      )
    },
    list: (principal) => entries.list(principal),
    async set(place, value) {
      if (!fitsSecret(value)) return 'unfit'
      const { principal, upstream, name } = place
      const setAt = now()
      const sealed = ring.seal(sealedPlace(place, setAt), value)
      const done = await entries.put(principal, { upstream, name, setAt, sealed }, MOST_SECRETS)
      return done ? 'set' : 'full'
    },
    remove: (principal, upstream, name) => entries.remove(principal, upstream, name),
  }
}

/** The time is of the place too: it is shown to the owner. */
function sealedPlace({ principal, upstream, audience, name }: SecretPlace, setAt: number): SealedPlace {
  return ['sallyport-upstream-secret-v1', principal, upstream, audience, name, String(setAt)]
}

function whyNot(strangeKey: string | undefined): string {
  return strangeKey === undefined
    ? 'it was not sealed for this upstream as it is reached now: its owner has to set it again'
    : `it is sealed under the key ${strangeKey}, which the factor keys that are configured here do not give`
}
