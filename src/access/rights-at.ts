import type { Ceiling, Proofs, Rights } from '../auth/context.ts'
import { cutDown } from './permission.ts'

/** The rights of a caller at one moment. */
export type RightsAt = (proofs: Proofs, now: number) => Rights

/** A list asks for the same caller at the same moment again and again. */
export function latest(rightsAt: RightsAt): RightsAt {
  let last: { readonly proofs: Proofs; readonly now: number; readonly rights: Rights } | undefined
  return (proofs, now) => {
    if (last?.proofs !== proofs || last.now !== now) last = { proofs, now, rights: rightsAt(proofs, now) }
    return last.rights
  }
}

/**
 * Cuts rights down to every ceiling of the credentials: the same object for the same rights and ceilings. The roles
 * stay: they say what the policy gives, which is more than this credential may use.
 */
export function belowCeilings(rightsAt: RightsAt): RightsAt {
  const all = new WeakMap<Rights, WeakMap<Ceiling, Rights>>()
  const cut = (rights: Rights, ceiling: Ceiling): Rights => {
    const cuts = all.get(rights) ?? new WeakMap<Ceiling, Rights>()
    all.set(rights, cuts)
    const known = cuts.get(ceiling)
    if (known !== undefined) return known
    const made = Object.freeze({ ...rights, permissions: cutDown(rights.permissions, ceiling) })
    cuts.set(ceiling, made)
    return made
  }
  return (proofs, now) => {
    const rights = rightsAt(proofs, now)
    return proofs.ceilings.length === 0 ? rights : proofs.ceilings.reduce(cut, rights)
  }
}
