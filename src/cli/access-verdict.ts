import type { Action, Decision, Need } from '../access/decision.ts'
import { isList } from '../access/method.ts'

/** What a decision comes to, in the words of test cases. */
export type Verdict = 'allow' | 'deny' | 'step-up' | 'approve' | 'depends'

/** What a decision comes to; of several needs the one that is asked for first. */
export function verdictOf(decision: Decision): Verdict {
  if (decision.kind !== 'needs') return decision.kind
  return decision.needs[0].kind === 'approval' ? 'approve' : 'step-up'
}

/** The rule that decided, or that asks first; null for none. */
export function decidingRule(decision: Decision): string | null {
  if (decision.kind === 'deny') return decision.rule
  return decision.kind === 'needs' ? decision.needs[0].rule : null
}

/** What a decision comes to, in capitals for people. Of a list: whether the thing is in it. */
export function headlineOf(decision: Decision, action: Action): string {
  if (isList(action)) return decision.kind === 'deny' ? 'NOT LISTED' : 'LISTED'
  switch (decision.kind) {
    case 'allow':
      return 'ALLOWED'
    case 'deny':
      return 'DENIED'
    case 'depends':
      return 'DEPENDS'
    case 'needs':
      return `NEEDS ${decision.needs.map(needTitle).join(', THEN ')}`
  }
}

function needTitle(need: Need): string {
  switch (need.kind) {
    case 'second_factor':
      return 'A SECOND FACTOR'
    case 'certificate':
      return 'A CERTIFICATE'
    case 'approval':
      return 'AN APPROVAL'
  }
}

/** What the answer itself has said already. */
const SAID = /^(?:allowed|denied|asked for|depends): /

/** Why a decision is what it is, to stand beside the answer. */
export function reasonText(because: string): string {
  return because.replace(SAID, '')
}
