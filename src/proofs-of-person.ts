import type { Policy } from './access/decision.ts'
import type { Proofs } from './auth/context.ts'
import type { Principal } from './auth/principal.ts'
import type { MayApprove, Proved } from './login/options.ts'

/**
 * What the policy is asked about a person with, by a session that proved this much, or by one that begins now.
 *
 * @param now ms since the epoch
 */
export function proofsOfPerson(principal: Principal, proved: Proved | undefined, now: number): Proofs {
  const { authenticatedAt = now, mfaAt = null, address } = proved ?? {}
  return {
    principal,
    methods: ['session'],
    authenticatedAt,
    ...(mfaAt === null ? {} : { mfaAt }),
    ...(address === undefined ? {} : { address }),
    ceilings: [],
  }
}

/** Asks the policy of each moment. @param now ms since the epoch */
export function mayApproveBy(policy: () => Policy, now: () => number): MayApprove {
  return (principal, proved, role) => {
    const time = now()
    return policy().mayApprove(proofsOfPerson(principal, proved, time), role, time)
  }
}
