import { parsePrincipal, type Principal } from '../auth/principal.ts'
import type { AccessDocument } from './document.ts'
import { allows, compilePermissions } from './permission.ts'
import { parsePrincipalPattern, principalTest } from './principal-pattern.ts'
import { withIncluded } from './role-closure.ts'
import type { SurfaceEntry } from './surface.ts'

/** Who might have which roles, if every condition were true. */
export interface Holders {
  /** Those that are named, with everything that they might have. */
  readonly named: readonly Holder[]
  /** What whoever is not named might have: by certificate, or as anybody. */
  readonly open: ReadonlySet<string>
  /** Whether anybody might have a role; `people` asks for people alone. */
  hasHolder(role: string, people?: 'people'): boolean
  /** Whether somebody whom a pattern of principals means might use one of these. */
  mightUse(pattern: string, entries: readonly SurfaceEntry[]): boolean
  /** Whether somebody with these roles might use one of these. */
  covers(roles: ReadonlySet<string>, entries: readonly SurfaceEntry[]): boolean
}

/** One principal that is named. */
export interface Holder {
  readonly principal: Principal
  readonly roles: ReadonlySet<string>
}

/** Finds out who might have what. */
export function holdersOf(document: AccessDocument): Holders {
  const includes = new Map([...document.roles].map(([name, role]) => [name, role.includes]))
  const closure = (roles: readonly string[]): ReadonlySet<string> => new Set(withIncluded(roles, includes))
  const openRoles = document.grants
    .filter(({ subject }) => subject.kind === 'certificate' || subject.kind === 'authenticated')
    .flatMap(({ roles }) => roles)
  const open = closure(openRoles)
  const named = [...namedRoles(document)].flatMap(([id, roles]) => {
    const principal = parsePrincipal(id)
    return principal === undefined ? [] : [{ principal, roles: closure([...roles, ...openRoles]) }]
  })
  const covers = coverage(document)
  return {
    named,
    open,
    covers,
    hasHolder: (role, people) =>
      open.has(role) ||
      named.some(
        ({ principal, roles }) => roles.has(role) && (people === undefined || principal.kind === 'user'),
      ),
    mightUse: (pattern, entries) =>
      meant(pattern, document, named, open).some((roles) => covers(roles, entries)),
  }
}

function namedRoles({ grants, groups }: AccessDocument): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>()
  const give = (id: string, roles: readonly string[]): void => {
    const own = named.get(id) ?? []
    own.push(...roles)
    named.set(id, own)
  }
  for (const { subject, roles } of grants) {
    if (subject.kind === 'principal') give(subject.principal.id, roles)
    if (subject.kind === 'group') for (const id of groups.get(subject.group) ?? []) give(id, roles)
  }
  return named
}

/** The roles of everybody whom a pattern means; a name that has no grant may still be somebody's. */
function meant(
  text: string,
  { groups }: AccessDocument,
  named: readonly Holder[],
  open: ReadonlySet<string>,
): readonly ReadonlySet<string>[] {
  const pattern = parsePrincipalPattern(text)
  if (pattern === undefined) return []
  const test = principalTest([pattern], groups)
  const found = named.filter(({ principal, roles }) => test(principal, [...roles])).map(({ roles }) => roles)
  const includesOthers =
    pattern.kind === 'role'
      ? open.has(pattern.name)
      : pattern.kind !== 'group' || (groups.get(pattern.name)?.length ?? 0) > 0
  return includesOthers ? [...found, open] : found
}

function coverage({ roles: all }: AccessDocument): Holders['covers'] {
  const compiled = new Map<string, ReturnType<typeof compilePermissions>>()
  return (roles, entries) => {
    const key = [...roles].toSorted().join(' ')
    const permissions =
      compiled.get(key) ?? compilePermissions([...roles].flatMap((role) => all.get(role)?.permissions ?? []))
    compiled.set(key, permissions)
    return entries.some(({ permission }) => permission === 'authenticated' || allows(permissions, permission))
  }
}
