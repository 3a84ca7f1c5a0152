import type { Rights } from '../auth/context.ts'
import type { CompiledGrant } from './compiled-grant.ts'
import type { AccessDocument } from './document.ts'
import { compilePermissions } from './permission.ts'
import { withIncluded } from './role-closure.ts'

/** Beyond this many sets of roles they are made anew. */
const MOST_SETS = 10_000

/** Makes the rights of grants that count. */
export type RightsMaker = (grants: readonly CompiledGrant[], isPerson: boolean) => Rights

/** Makes what makes rights: the same object for the same roles, by whatever grants. */
export function rightsMaker({ roles }: AccessDocument): RightsMaker {
  const includes = new Map([...roles].map(([name, role]) => [name, role.includes]))
  const byGrants = new Map<string, Rights>()
  const byRoles = new Map<string, Rights>()
  const make = (names: readonly string[], isPerson: boolean): Rights => {
    const given = names.flatMap((name) => roles.get(name) ?? [])
    return Object.freeze({
      roles: Object.freeze(names),
      permissions: compilePermissions(given.flatMap(({ permissions }) => permissions)),
      secondFactorRequired: isPerson && given.some((role) => role.secondFactorRequired),
    })
  }
  return (grants, isPerson) =>
    remembered(byGrants, `${isPerson} ${grants.map(({ order }) => order).join(' ')}`, () => {
      const names = withIncluded(
        grants.flatMap(({ grant }) => grant.roles),
        includes,
      )
      return remembered(byRoles, `${isPerson} ${names.join(' ')}`, () => make(names, isPerson))
    })
}

function remembered(made: Map<string, Rights>, key: string, make: () => Rights): Rights {
  const known = made.get(key)
  if (known !== undefined) return known
  if (made.size >= MOST_SETS) made.clear()
  const rights = make()
  made.set(key, rights)
  return rights
}
