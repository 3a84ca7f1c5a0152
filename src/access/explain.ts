import type { AuthContext, Rights } from '../auth/context.ts'
import type { AskedOfRules } from './decide-by-rules.ts'
import type { AccessRequest, Arguments, Decision } from './decision.ts'
import type { AccessDocument } from './document.ts'
import type { Explanation } from './explanation.ts'
import type { Grants } from './grants.ts'

/** One question to a policy. */
export interface Question {
  readonly context: AuthContext
  readonly request: AccessRequest
  readonly args: Arguments
  readonly now: number
}

/** The parts of a policy that an explanation looks into. */
export interface Deciding {
  readonly digest: string
  readonly document: AccessDocument
  readonly grants: Grants
  decide(context: AuthContext, request: AccessRequest, args: Arguments, now: number): Decision
  askedOfRules(
    context: AuthContext,
    rights: Rights,
    request: AccessRequest,
    args: Arguments,
    now: number,
  ): AskedOfRules
}

export function explain(deciding: Deciding, { context, request, args, now }: Question): Explanation {
  const decision = deciding.decide(context, request, args, now)
  return {
    decision,
    policy: deciding.digest,
    because: '',
    roles: [],
    permission: { needed: request.permission, held: false, cutByCeiling: false },
    grants: [],
    rules: [],
    limits: [],
    nearest: [],
  }
}
