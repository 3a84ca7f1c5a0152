import type { Proofs } from '../auth/context.ts'
import { certificateTest } from './certificate-pattern.ts'
import type { Need } from './decision.ts'
import type { Ask } from './rule.ts'

/** What a rule asks for, made ready. */
export interface CompiledAsk {
  /** Whether a caller has it already. An approval is always still to be given. */
  isMet(proofs: Proofs, now: number): boolean
  /** Whether a caller could ever bring it: a service or an agent has no second factor, and is approved by an owner's peers. */
  isPossible(proofs: Proofs, owner: string | null): boolean
  need(rule: string, proofs: Proofs, owner: string | null): Need
}

/** Makes what a rule asks for ready. */
export function compileAsk(ask: Ask): CompiledAsk {
  switch (ask.kind) {
    case 'second_factor':
      return {
        isMet: ({ mfaAt }, now) => mfaAt !== undefined && now - mfaAt <= ask.within,
        isPossible: ({ principal }) => principal.kind === 'user',
        need: (rule) => ({ ...ask, rule }),
      }
    case 'certificate': {
      const fits = certificateTest(ask)
      return {
        isMet: ({ certificate }) => fits(certificate),
        isPossible: () => true,
        need: (rule) => ({ ...ask, rule }),
      }
    }
    case 'approval':
      return {
        isMet: () => false,
        isPossible: ({ principal }, owner) => principal.kind === 'user' || owner !== null,
        need: (rule, { principal }, owner) => ({
          ...ask,
          rule,
          owner: principal.kind === 'user' ? null : owner,
        }),
      }
  }
}
