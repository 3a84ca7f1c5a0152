import type { ASTNode } from '@marcbachmann/cel-js'
import { languageFaults } from './cel-check.ts'
import { compilePart } from './cel-compile.ts'
import { checkedSource, environmentOf, opened } from './cel-environment.ts'
import type { CelEnvironment } from './cel-environment.ts'
import { faultOf } from './cel-faults.ts'
import { begin } from './cel-run.ts'
import type { Part } from './cel-run.ts'
import { nodesOf, pathOf } from './cel-syntax.ts'
import type {
  CompiledCondition,
  Condition,
  ConditionFault,
  ConditionScope,
  Facts,
  Truth,
} from './condition.ts'
import { traceOf } from './condition-trace.ts'

/** Most characters of a condition. */
const LONGEST = 4096

/**
 * Reads, checks and makes ready a condition (CEL, the Common Expression Language) for one thing of the catalog.
 *
 * Everything that can be known to be wrong is wrong here, with its place: names, fields and functions that do not
 * exist, types that do not fit the input schema, patterns that cannot be read, and what could take too long. What is
 * left for a call is `error`: a value that is missing, of another type than its schema says, or more work than an
 * evaluation may cost. Callers take an error for the stricter answer.
 */
export function compileCondition(source: string, scope: ConditionScope): CompiledCondition {
  if (source.length > LONGEST)
    return faults([{ offset: LONGEST, sentence: `it is longer than ${LONGEST} characters` }])
  const cel = environmentOf(scope)
  const tree = parse(source, cel)
  if ('sentence' in tree) return faults([tree])
  const wrong = languageFaults(tree, scope, cel.argsType)
  const mistyped = wrong.length > 0 ? undefined : typeFault(source, tree, cel)
  if (wrong.length > 0 || mistyped !== undefined) return faults(mistyped ? [mistyped] : wrong)
  return { kind: 'condition', condition: conditionOf(source, tree, cel) }
}

function faults(found: readonly ConditionFault[]): CompiledCondition {
  return { kind: 'faults', faults: found }
}

function parse(source: string, { environment }: CelEnvironment): ASTNode | ConditionFault {
  try {
    return environment.parse(source).ast
  } catch (error) {
    return faultOf(error)
  }
}

function typeFault(source: string, tree: ASTNode, cel: CelEnvironment): ConditionFault | undefined {
  const { type, error } = opened(cel, tree).check(checkedSource(source, tree))
  if (error !== undefined) return faultOf(error)
  return type === 'bool'
    ? undefined
    : { offset: 0, sentence: `it must come to true or false, and comes to ${type}` }
}

function conditionOf(source: string, tree: ASTNode, { argsType }: CelEnvironment): Condition {
  const around = { argsType, variables: new Map<string, number>() }
  const part = compilePart(tree, around)
  const paths = nodesOf(tree).flatMap((node) => pathOf(node)?.join('.') ?? [])
  return {
    source,
    needsArguments: paths.some((path) => path === 'args' || path === 'resource'),
    needsTime: paths.some((path) => ['now', 'auth.age', 'auth.mfaAge'].includes(path)),
    needsProofs: paths.includes('auth'),
    evaluate: (facts) => truthOf(part, facts),
    trace: (facts) => traceOf(source, tree, around, facts),
  }
}

/**
 * What arguments cannot change is so with any arguments: one that would use up the budget of a condition that is decided
 * by something else changes nothing.
 */
function truthOf(part: Part, facts: Facts): Truth {
  const run = begin(facts)
  const { steps } = run
  const outcome = part(run)
  if (facts.budget !== undefined) facts.budget.steps -= steps - Math.max(0, run.steps)
  if (typeof outcome === 'boolean') return outcome ? 'true' : 'false'
  if (run.steps >= 0) return isUnknown(outcome) ? 'unknown' : 'error'
  const blind = part(begin(facts, true))
  return typeof blind === 'boolean' ? (blind ? 'true' : 'false') : 'error'
}

function isUnknown(outcome: ReturnType<Part>): boolean {
  return typeof outcome === 'object' && outcome !== null && outcome.kind === 'unknown'
}
