import type { Rights } from '../auth/context.ts'
import { patternsOf } from './permission.ts'

/** What is compared: of a context the rights that it was given, of a policy those that it gives now. */
type Held = Pick<Rights, 'roles' | 'permissions'>

/** Whether two sets of rights are the same: the same roles, which allow the same. */
export function sameRights(one: Held, other: Held): boolean {
  return isSame(one.roles, other.roles) && isSame(patternsOf(one.permissions), patternsOf(other.permissions))
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  const all = new Set(others)
  return new Set(some).size === all.size && some.every((text) => all.has(text))
}
