import type { Proofs, Rights } from '../auth/context.ts'
import type { Principal } from '../auth/principal.ts'
import { compiledGrant, isFixed, type CompiledGrant } from './compiled-grant.ts'
import type { Condition, Facts } from './condition.ts'
import type { AccessDocument } from './document.ts'
import type { Grant } from './grant.ts'
import { belowCeilings, latest } from './rights-at.ts'
import { rightsMaker } from './rights-maker.ts'

/** What is said of one principal, beside its roles. */
export interface Personal {
  /** Who answers for it, as in `user:alice`. */
  readonly owner: string | null
  readonly attributes: Readonly<Record<string, string>>
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
  const grants = document.grants.map((grant, order) => compiledGrant(grant, order, conditions.get(order)))
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
    rightsOf: belowCeilings(latest(counting)),
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
