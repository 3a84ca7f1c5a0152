import type { AuthContext, Ceiling, Proofs, Rights } from '../auth/context.ts'
import type { AccessRequest, Decision } from './decision.ts'
import type { ExplainingPolicy } from './explanation.ts'
import { invalidPolicy } from './document.ts'
import type { AccessDocument } from './document.ts'
import type { Grant } from './grant.ts'
import { allows, compilePermissions, cutDown } from './permission.ts'

const ALLOW: Decision = Object.freeze({ kind: 'allow', limits: [], shadow: [] })
const DENY: Decision = Object.freeze({ kind: 'deny', reason: 'no_permission', rule: null, shadow: [] })
const NOTHING: Rights = Object.freeze({
  roles: Object.freeze([]),
  permissions: compilePermissions([]),
  secondFactorRequired: false,
})

/**
 * Makes the policy of a document. The rights of every principal are compiled here, once.
 *
 * Fails closed: a principal without a grant has no roles, and what no permission covers is denied.
 *
 * @param digest `sha256:` and the hex digest of the document's text
 */
export function createPolicy(document: AccessDocument, digest: string): ExplainingPolicy {
  if (document.rules.length > 0 || document.limits.length > 0)
    throw invalidPolicy(['rules and limits are read, and not decided on yet'])
  const grants = Map.groupBy(document.grants, ({ subject }) =>
    subject.kind === 'principal' ? subject.principal.id : '',
  )
  const rights = new Map([...grants].map(([principalId, own]) => [principalId, granted(own, document)]))
  const rightsOf = ({ principal, ceilings }: Proofs): Rights =>
    ceilings.reduce(cut, rights.get(principal.id) ?? NOTHING)
  return Object.freeze({
    digest,
    rightsOf,
    decide: (context: AuthContext, request: AccessRequest) => decide(context, request, rightsOf(context)),
    listKey: () => undefined,
    explain: () => {
      throw new Error('not yet')
    },
    mayApprove: () => false,
  })
}

/** The roles stay: they say what the policy gives, which is more than this credential may use. */
function cut(rights: Rights, ceiling: Ceiling): Rights {
  return Object.freeze({ ...rights, permissions: cutDown(rights.permissions, ceiling) })
}

/**
 * The decision on permissions alone; arguments and time decide nothing in this version of the policy. What this policy
 * gives to the principal, below the context's ceilings, and asks of it counts beside what the context was given when it
 * was made, which may have been by another policy.
 */
function decide(context: AuthContext, request: AccessRequest, now: Rights): Decision {
  if (now.secondFactorRequired && context.mfaAt === undefined) return DENY
  if (request.permission === 'authenticated') return ALLOW
  const { permission } = request
  return allows(context.permissions, permission) && allows(now.permissions, permission) ? ALLOW : DENY
}

function granted(grants: readonly Grant[], document: AccessDocument): Rights {
  const roles = Object.freeze([...new Set(grants.flatMap((grant) => grant.roles))])
  const given = roles.flatMap((role) => document.roles.get(role) ?? [])
  const patterns = given.flatMap(({ permissions }) => permissions)
  const isPerson = grants.some(
    ({ subject }) => subject.kind === 'principal' && subject.principal.kind === 'user',
  )
  const secondFactorRequired = isPerson && given.some((role) => role.secondFactorRequired)
  return Object.freeze({ roles, permissions: compilePermissions(patterns), secondFactorRequired })
}
