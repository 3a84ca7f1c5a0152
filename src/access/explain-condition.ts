import type { Condition, ConditionStep, Facts } from './condition.ts'
import type { ConditionExplained } from './explanation.ts'

/** As many values are put into one sentence. */
const MOST_VALUES = 3

/** A variable, or what is read off the clock, as in `now.hour("Europe/Berlin")`. */
const VARIABLE =
  /^(?:(?:args|resource|principal|auth|tool)(?:\.\w+|\[[^\]]*\])*|now(?:\.\w+(?:\((?:"[^"]*"|'[^']*')?\))?)+)$/

/** What a condition came to, and what its parts did; null where there is none. */
export function explainCondition(condition: Condition | undefined, facts: Facts): ConditionExplained | null {
  if (condition === undefined) return null
  return { source: condition.source, truth: condition.evaluate(facts), steps: condition.trace(facts) }
}

/** What was looked at and found, as in `args.path is "/etc/passwd"`; the condition itself where it looks at nothing. */
export function foundText({ source, truth, steps }: ConditionExplained): string {
  const error = steps.find(isError)
  if (truth === 'error' && error !== undefined) return errorText(error)
  const values = steps.filter(isVariable).map((step) => `${step.source} is ${step.value}`)
  if (values.length === 0) return source.replaceAll(/\s+/g, ' ')
  const more = values.length - MOST_VALUES
  return `${values.slice(0, MOST_VALUES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** When a rule that matches by this condition would not, as the end of a sentence about the rule. */
export function otherwiseText(explained: ConditionExplained): string {
  const parts = explained.steps.filter((step) => !isVariable(step) || isTruth(step))
  const [only, ...others] = parts
  if (explained.truth === 'error') return `can let nobody through as long as ${foundText(explained)}`
  if (only === undefined) return `would not match if this were otherwise: ${foundText(explained)}`
  if (others.length === 0 && isTruth(only))
    return `would not match if ${only.source} were ${only.value === 'true' ? 'false' : 'true'}`
  const said = parts.map((step) => `${step.source} is ${step.value}`)
  return `would not match if some of this were otherwise: ${said.join(', ')}`
}

function isVariable({ source }: ConditionStep): boolean {
  return VARIABLE.test(source)
}

function isTruth({ value }: ConditionStep): boolean {
  return value === 'true' || value === 'false'
}

function isError({ value }: ConditionStep): boolean {
  return value.startsWith('error: ')
}

function errorText({ value }: ConditionStep): string {
  return value.slice('error: '.length)
}
