import type { AuthContext, CompiledPermissions, Rights } from '../auth/context.ts'
import type { CallerClass } from './concerning.ts'

/** What lists depend on, for one caller. */
export interface ListInputs {
  readonly context: AuthContext
  /** What the policy gives now. */
  readonly rights: Rights
  readonly own: CallerClass
  readonly owner: string | null
}

/** As many keys are kept for one set of rights. */
const MOST_KEYS = 1000

type Keys = WeakMap<CallerClass, Map<string, object>>

/**
 * Makes keys of lists: the same object for callers who see the same. Rights, and what the context was given, are told
 * apart by identity; the caller by name as soon as a condition may ask who it is.
 *
 * Fails closed: no key where a condition looks at proofs or time.
 */
export function listKeys(): (inputs: ListInputs) => object | undefined {
  const traits = new WeakMap<CallerClass, Traits>()
  const all = new WeakMap<Rights, WeakMap<CompiledPermissions, Keys>>()
  return ({ context: { principal, permissions, mfaAt }, rights, own, owner }) => {
    const isPerson = principal.kind === 'user'
    const trait = kept(traits, own, () => traitsOf(own))
    // Of a service a second factor is asked in vain, unless it has one against all expectation: until it is too old.
    if (trait === 'volatile' || (!isPerson && mfaAt !== undefined)) return undefined
    const given = kept(all, rights, () => new WeakMap<CompiledPermissions, Keys>())
    const keys = kept(kept(given, permissions, makeKeys), own, () => new Map<string, object>())
    const who = trait === 'personal' ? principal.id : `${isPerson} ${owner !== null}`
    const key = `${mfaAt !== undefined} ${who}`
    if (keys.size >= MOST_KEYS && !keys.has(key)) keys.clear()
    return kept(keys, key, () => Object.freeze({}))
  }
}

function makeKeys(): Keys {
  return new WeakMap()
}

interface Kept<Key, Value> {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): unknown
}

function kept<Key, Value>(store: Kept<Key, Value>, key: Key, make: () => Value): Value {
  const known = store.get(key)
  if (known !== undefined) return known
  const made = make()
  store.set(key, made)
  return made
}

/** Whether lists of a class change by themselves, or from one principal to the other. */
type Traits = 'volatile' | 'personal' | 'shared'

function traitsOf({ rules }: CallerClass): Traits {
  const enforced = rules.filter(({ rule }) => rule.mode === 'enforce')
  const conditions = enforced.flatMap(({ sample }) => sample ?? [])
  if (conditions.some(({ needsTime, needsProofs }) => needsTime || needsProofs)) return 'volatile'
  return conditions.length > 0 ? 'personal' : 'shared'
}
