import type { Ceiling, Proofs, Rights } from '../auth/context.ts'
import type { Principal } from '../auth/principal.ts'
import { certificateTest } from './certificate-pattern.ts'
import type { Condition, Facts } from './condition.ts'
import type { AccessDocument } from './document.ts'
import type { Grant } from './grant.ts'
import { compilePermissions, cutDown } from './permission.ts'
import { withIncluded } from './role-closure.ts'

/** What is said of one principal, beside its roles. */
export interface Personal {
  /** Who answers for it, as in `user:alice`. */
  readonly owner: string | null
  readonly attributes: Readonly<Record<string, string>>
}

/** One grant, made ready. */
export interface CompiledGrant {
  readonly grant: Grant
  /** Its place in the file. */
  readonly order: number
  /** Absent for always. */
  readonly condition: Condition | undefined
  /** Whether it is this caller's at all, by what it proved; its name is not asked here. */
  readonly isOf: (proofs: Proofs) => boolean
}

/** The grants of a policy. */
export interface Grants {
  /** See `Policy.rightsOf`: the same object for the same roles and the same ceilings. */
  rightsOf(proofs: Proofs, now: number): Rights
  personal(principal: Principal): Personal
  /** Those that may be of this caller: by name, by group, by certificate, or everybody's. */
  of(proofs: Proofs): readonly CompiledGrant[]
  counts(grant: CompiledGrant, proofs: Proofs, now: number): boolean
  facts(proofs: Proofs, now: number): Facts
  /** Whether the rights of a principal depend on more than its name and its certificate. */
  isConditional(principal: Principal): boolean
}

/** Beyond this many sets of grants that count at once they are made anew. */
const MOST_SETS = 10_000

/** Grants that may be of one principal. */
interface Plan {
  /** All of them, in the order of the file. */
  readonly all: readonly CompiledGrant[]
  /** Where there is nothing to evaluate. */
  readonly rights: Rights | undefined
}

const NOBODY: Personal = Object.freeze({ owner: null, attributes: Object.freeze({}) })

/**
 * Makes the grants of a document ready; the rights of who has none on a condition are compiled here, once.
 *
 * Fails closed: a grant with a condition that was not compiled never counts, nor does one whose condition is not true.
 *
 * @param conditions by the place of the grant in the file
 */
export function compileGrants(document: AccessDocument, conditions: ReadonlyMap<number, Condition>): Grants {
  const grants = document.grants.map((grant, order) => compiled(grant, order, conditions.get(order)))
  const rightsFrom = rightsMaker(document)
  const plan = (all: readonly CompiledGrant[], isPerson: boolean): Plan => ({
    all,
    rights: all.every(isFixed) ? rightsFrom(all, isPerson) : undefined,
  })
  const open = grants.filter(({ grant: { subject } }) => !isNamed(subject.kind))
  const openPlans = { person: plan(open, true), other: plan(open, false) }
  const plans = new Map<string, Plan>()
  for (const [id, own] of namedGrants(grants, document))
    plans.set(
      id,
      plan(
        [...own, ...open].toSorted((a, b) => a.order - b.order),
        id.startsWith('user:'),
      ),
    )
  const people = personalOf(document)
  const planOf = ({ id, kind }: Principal): Plan =>
    plans.get(id) ?? (kind === 'user' ? openPlans.person : openPlans.other)
  const personal = ({ id }: Principal): Personal => people.get(id) ?? NOBODY
  const facts = (proofs: Proofs, now: number): Facts => ({
    proofs,
    roles: [],
    attributes: personal(proofs.principal).attributes,
    now,
  })
  const counts = (one: CompiledGrant, proofs: Proofs, now: number): boolean =>
    one.isOf(proofs) && (one.grant.when === null || one.condition?.evaluate(facts(proofs, now)) === 'true')
  const counting = (proofs: Proofs, now: number): Rights => {
    const { all, rights } = planOf(proofs.principal)
    if (rights !== undefined) return rights
    const some = all.filter((one) => counts(one, proofs, now))
    return rightsFrom(some, proofs.principal.kind === 'user')
  }
  return {
    rightsOf: below(latest(counting)),
    personal,
    of: (proofs) => planOf(proofs.principal).all.filter((one) => one.isOf(proofs)),
    counts,
    facts,
    isConditional: (principal) => planOf(principal).all.some(({ grant }) => grant.when !== null),
  }
}

function isNamed(kind: Grant['subject']['kind']): boolean {
  return kind === 'principal' || kind === 'group'
}

function isFixed({ grant: { subject, when } }: CompiledGrant): boolean {
  return when === null && subject.kind !== 'certificate'
}

function compiled(grant: Grant, order: number, condition: Condition | undefined): CompiledGrant {
  const { subject } = grant
  const fits = subject.kind === 'certificate' ? certificateTest(subject.pattern) : undefined
  return { grant, order, condition, isOf: ({ certificate }) => fits === undefined || fits(certificate) }
}

/** From the id of every principal that is named, by itself or in a group, to its grants. */
function namedGrants(
  grants: readonly CompiledGrant[],
  { groups }: AccessDocument,
): ReadonlyMap<string, readonly CompiledGrant[]> {
  const named = new Map<string, CompiledGrant[]>()
  for (const one of grants)
    for (const id of new Set(idsOf(one.grant, groups))) {
      const own = named.get(id) ?? []
      own.push(one)
      named.set(id, own)
    }
  return named
}

function idsOf({ subject }: Grant, groups: AccessDocument['groups']): readonly string[] {
  if (subject.kind === 'principal') return [subject.principal.id]
  return subject.kind === 'group' ? (groups.get(subject.group) ?? []) : []
}

/** What grants by name say of principals; the document was checked to say one thing of each. */
function personalOf({ grants }: AccessDocument): ReadonlyMap<string, Personal> {
  const people = new Map<string, Personal>()
  for (const { subject, owner, attributes } of grants) {
    if (subject.kind !== 'principal') continue
    const { id } = subject.principal
    const said = people.get(id) ?? NOBODY
    people.set(
      id,
      Object.freeze({
        owner: said.owner ?? owner,
        attributes: Object.freeze({ ...said.attributes, ...attributes }),
      }),
    )
  }
  return people
}

type RightsMaker = (grants: readonly CompiledGrant[], isPerson: boolean) => Rights

/** Makes the rights of grants that count: the same object for the same roles, by whatever grants. */
function rightsMaker({ roles }: AccessDocument): RightsMaker {
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

type RightsAt = (proofs: Proofs, now: number) => Rights

/** A list asks for the same caller at the same moment again and again. */
function latest(rightsAt: RightsAt): RightsAt {
  let last: { readonly proofs: Proofs; readonly now: number; readonly rights: Rights } | undefined
  return (proofs, now) => {
    if (last?.proofs !== proofs || last.now !== now) last = { proofs, now, rights: rightsAt(proofs, now) }
    return last.rights
  }
}

/** The roles stay: they say what the policy gives, which is more than this credential may use. */
function below(rightsAt: RightsAt): RightsAt {
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
