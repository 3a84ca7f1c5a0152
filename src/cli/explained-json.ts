import { UNKNOWN } from '../access/decision.ts'
import { decidingRule, verdictOf } from './access-verdict.ts'
import type { Explained } from './explanation-text.ts'

/** An explanation for scripts; arguments that are not known are null. */
export function explainedJson({ explanation, request, args, caller, at }: Explained): object {
  const { principal, ...proofs } = caller.proofs
  return {
    verdict: verdictOf(explanation.decision),
    rule: decidingRule(explanation.decision),
    ...explanation,
    principal: principal.id,
    request: { ...request, arguments: args === UNKNOWN ? null : args },
    at: new Date(at).toISOString(),
    proofs: {
      ...proofs,
      authenticatedAt: new Date(proofs.authenticatedAt).toISOString(),
      ...(proofs.mfaAt === undefined ? {} : { mfaAt: new Date(proofs.mfaAt).toISOString() }),
    },
    assumed: [...caller.assumed],
  }
}
