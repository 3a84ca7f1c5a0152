import type { AuthContext, Rights } from '../auth/context.ts'
import type { Principal } from '../auth/principal.ts'
import type { AccessRequest, Decision, Policy } from './decision.ts'
import type { AccessDocument } from './document.ts'
import { allows, compilePermissions } from './permission.ts'

const ALLOW: Decision = Object.freeze({ kind: 'allow' })
const DENY: Decision = Object.freeze({ kind: 'deny', reason: 'no_permission', rule: null })
const NOTHING: Rights = Object.freeze({ roles: Object.freeze([]), permissions: compilePermissions([]) })

/**
 * Makes the policy of a document. The rights of every principal are compiled here, once.
 *
 * Fails closed: a principal without a grant has no roles, and what no permission covers is denied.
 *
 * @param digest `sha256:` and the hex digest of the document's text
 */
export function createPolicy(document: AccessDocument, digest: string): Policy {
  const rights = new Map<string, Rights>()
  for (const principalId of new Set(document.grants.map((grant) => grant.principal.id)))
    rights.set(principalId, rightsIn(document, principalId))
  return Object.freeze({
    digest,
    rightsOf: (principal: Principal): Rights => rights.get(principal.id) ?? NOTHING,
    decide,
  })
}

/** The decision on permissions alone; arguments and time decide nothing in this version of the policy. */
function decide(context: AuthContext, request: AccessRequest): Decision {
  if (request.permission === 'authenticated') return ALLOW
  return allows(context.permissions, request.permission) ? ALLOW : DENY
}

function rightsIn(document: AccessDocument, principalId: string): Rights {
  const grants = document.grants.filter((grant) => grant.principal.id === principalId)
  const roles = Object.freeze([...new Set(grants.flatMap((grant) => grant.roles))])
  const patterns = roles.flatMap((role) => document.roles.get(role) ?? [])
  return Object.freeze({ roles, permissions: compilePermissions(patterns) })
}
