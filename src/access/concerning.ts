import type { Principal } from '../auth/principal.ts'
import type { CompiledLimit } from './compile-limits.ts'
import type { CompiledRule } from './compile-rules.ts'
import type { IndexedEntry, IndexedLimit, IndexedRule } from './rule-index.ts'

/** The rules and limits that concern one caller and one entry, see {@link IndexedEntry}. */
export type Concerning = Pick<IndexedEntry, 'denying' | 'asking' | 'limits'>

/** Callers whom the very same rules and limits concern. */
export interface CallerClass {
  concerning(indexed: IndexedEntry): Concerning
  /** All rules that concern them, whatever they are about. */
  readonly rules: readonly CompiledRule[]
}

/** Finds the class of a caller. */
export type CallerClasses = (principal: Principal, roles: readonly string[]) => CallerClass

/** As many callers, and classes of them, are kept. */
const MOST_CALLERS = 10_000
const MOST_CLASSES = 1000

/**
 * Makes the classes of callers: who is meant by a rule is asked once for each caller with the same roles, and filtered
 * lists are shared by all of a class.
 */
export function callerClasses(
  rules: readonly CompiledRule[],
  limits: readonly CompiledLimit[],
): CallerClasses {
  const tests = [...rules, ...limits].flatMap(({ concerns }) => concerns ?? [])
  if (tests.length === 0) {
    const everybody: CallerClass = { concerning: (indexed) => indexed, rules }
    return () => everybody
  }
  const classes = new Map<string, CallerClass>()
  const callers = new Map<string, { roles: readonly string[]; own: CallerClass }>()
  const classOf = (principal: Principal, roles: readonly string[]): CallerClass => {
    const answers = tests.map((test) => test(principal, roles))
    const key = answers.map(Number).join('')
    const known = classes.get(key)
    if (known !== undefined) return known
    const meant = new Set(tests.filter((_, index) => answers[index]))
    const made = callerClass(rules, ({ concerns }) => concerns === undefined || meant.has(concerns))
    if (classes.size >= MOST_CLASSES) classes.clear()
    classes.set(key, made)
    return made
  }
  return (principal, roles) => {
    const known = callers.get(principal.id)
    if (known?.roles === roles) return known.own
    if (callers.size >= MOST_CALLERS) callers.clear()
    const own = classOf(principal, roles)
    callers.set(principal.id, { roles, own })
    return own
  }
}

function callerClass(
  rules: readonly CompiledRule[],
  isMeant: (one: Pick<CompiledRule, 'concerns'>) => boolean,
): CallerClass {
  const lists = new WeakMap<IndexedEntry, Concerning>()
  return {
    rules: rules.filter(isMeant),
    concerning(indexed) {
      const known = lists.get(indexed)
      if (known !== undefined) return known
      const made: Concerning = {
        denying: indexed.denying.filter((rule: IndexedRule) => isMeant(rule)),
        asking: indexed.asking.filter((rule: IndexedRule) => isMeant(rule)),
        limits: indexed.limits.filter(({ compiled }: IndexedLimit) => isMeant(compiled)),
      }
      lists.set(indexed, made)
      return made
    },
  }
}
