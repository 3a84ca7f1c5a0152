import type { AuthContext, Proofs, Rights } from '../auth/context.ts'
import { callerClasses } from './concerning.ts'
import { compileLimits } from './compile-limits.ts'
import type { CompiledRule } from './compile-rules.ts'
import type { Condition, Facts } from './condition.ts'
import { decideByRules, type AskedOfRules } from './decide-by-rules.ts'
import { decisionBudget } from './cel-budget.ts'
import type { AccessRequest, Arguments, Decision } from './decision.ts'
import type { AccessDocument } from './document.ts'
import { explain, type Deciding } from './explain.ts'
import type { ExplainingPolicy } from './explanation.ts'
import { compileGrants } from './grants.ts'
import { listKeys } from './list-keys.ts'
import { allows } from './permission.ts'
import type { Rule } from './rule.ts'
import { ruleIndex } from './rule-index.ts'
import type { Surface } from './surface.ts'

/** What a policy is made of: a document whose conditions were compiled. */
export interface PolicyParts {
  /** `sha256:` and the hex digest of the document's text. */
  readonly digest: string
  readonly document: AccessDocument
  readonly rules: readonly CompiledRule[]
  /** Conditions of grants, by the place of the grant in the file. */
  readonly grantConditions: ReadonlyMap<number, Condition>
  readonly surface: Surface
}

const NO_PERMISSION = denied('no_permission')
const NO_SECOND_FACTOR = denied('second_factor_required')

/**
 * Makes the policy of a document: everything that does not depend on a caller is worked out here, once.
 *
 * Fails closed: a principal without a grant has no roles, and what no permission covers is denied.
 */
export function createPolicy({
  digest,
  document,
  rules,
  grantConditions,
  surface,
}: PolicyParts): ExplainingPolicy {
  const grants = compileGrants(document, grantConditions)
  const limits = compileLimits(document)
  const classOf = callerClasses(rules, limits)
  const indexed = ruleIndex(rules, limits, surface)
  const keyOf = listKeys()

  const askedOfRules = (
    context: AuthContext,
    { roles }: Rights,
    request: AccessRequest,
    args: Arguments,
    now: number,
    isBounded = false,
  ): AskedOfRules => {
    const found = indexed(request.kind, request.entry)
    const { owner, attributes } = grants.personal(context.principal)
    const make = (): Facts => {
      const resource = request.isFamily === true ? undefined : request.resource
      const asked: Facts['asked'] = { action: request.action, resource, entry: found.entry, args }
      const budget = isBounded ? decisionBudget() : undefined
      return { proofs: context, roles, attributes, asked, now, budget }
    }
    let enforced: Facts | undefined
    let shadowed: Facts | undefined
    const facts = (mode: Rule['mode']): Facts =>
      mode === 'enforce' ? (enforced ??= make()) : (shadowed ??= make())
    const concerning = classOf(context.principal, roles).concerning(found)
    return { concerning, proofs: context, owner, request, now, facts }
  }

  const decide = (context: AuthContext, request: AccessRequest, args: Arguments, now: number): Decision => {
    const rights = grants.rightsOf(context, now)
    if (rights.secondFactorRequired && context.mfaAt === undefined) return NO_SECOND_FACTOR
    if (!isPermitted(context, rights, request)) return NO_PERMISSION
    return decideByRules(askedOfRules(context, rights, request, args, now, true))
  }

  const deciding: Deciding = { digest, document, grants, decide, askedOfRules }
  return Object.freeze({
    digest,
    rightsOf: (proofs: Proofs, now: number) => grants.rightsOf(proofs, now),
    decide,
    listKey(context: AuthContext, now: number) {
      const { principal } = context
      if (grants.isConditional(principal)) return undefined
      const rights = grants.rightsOf(context, now)
      const { owner } = grants.personal(principal)
      return keyOf({ context, rights, own: classOf(principal, rights.roles), owner })
    },
    explain: (context: AuthContext, request: AccessRequest, args: Arguments, now: number) =>
      explain(deciding, { context, request, args, now }),
    mayApprove(proofs: Proofs, role: string, now: number) {
      const { roles, secondFactorRequired } = grants.rightsOf(proofs, now)
      const isProved = !secondFactorRequired || proofs.mfaAt !== undefined
      return proofs.principal.kind === 'user' && roles.includes(role) && isProved && isUnbounded(proofs)
    },
  })
}

/**
 * What this policy gives to the principal, below the context's ceilings, counts beside what the context was given when
 * it was made, which may have been by another policy.
 */
function isPermitted(context: AuthContext, rights: Rights, { permission }: AccessRequest): boolean {
  if (permission === 'authenticated') return true
  return (
    allows(rights.permissions, permission) &&
    (context.permissions === rights.permissions || allows(context.permissions, permission))
  )
}

/** To approve is no permission, so that no ceiling but the one above everything covers it. */
function isUnbounded({ ceilings }: Proofs): boolean {
  return ceilings.every((ceiling) => ceiling.includes('*'))
}

function denied(reason: 'no_permission' | 'second_factor_required'): Decision {
  return Object.freeze({ kind: 'deny', reason, rule: null, shadow: Object.freeze([]) })
}
