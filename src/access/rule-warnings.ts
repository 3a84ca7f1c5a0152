import type { YamlFault } from '../yaml-source.ts'
import { isAlwaysFalse } from './always-false.ts'
import type { CompiledRule } from './compile-rules.ts'
import type { AccessDocument } from './document.ts'
import type { Holders } from './holders.ts'
import { METHODS, type Method } from './rule-schema.ts'
import type { Surface, SurfaceEntry } from './surface.ts'
import { thingsTest } from './things-test.ts'
import type { Things } from './things.ts'

/** What rules are checked against. */
export interface RuleWarningsInput {
  readonly document: AccessDocument
  readonly rules: readonly CompiledRule[]
  readonly surface: Surface
  readonly holders: Holders
}

const KINDS = ['tools', 'prompts', 'resources'] as const

/** Methods by which each kind of thing is used. */
const METHODS_OF: Readonly<Record<SurfaceEntry['kind'], readonly Method[]>> = {
  tool: ['tools/call'],
  prompt: ['prompts/get', 'completion/complete'],
  resource: ['resources/read', 'resources/subscribe', 'completion/complete'],
}

/** Rules that say something which makes no difference. */
export function ruleWarnings(input: RuleWarningsInput): readonly YamlFault[] {
  const total = input.rules.filter(deniesAlways)
  return input.rules.flatMap((compiled) => {
    const path = ['rules', compiled.order]
    const reason = compiled.entries.length === 0 ? undefined : neverDecides(compiled, total, input)
    return [
      ...idlePatterns(compiled.rule, input.surface, path),
      ...(reason === undefined ? [] : [{ path, sentence: `it can never decide: ${reason}` }]),
      ...approvalWarnings(compiled, input, path),
    ]
  })
}

/** Patterns that match nothing there is; without a surface nothing can be told. */
export function idlePatterns(
  things: Things,
  surface: Surface,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (surface.length === 0) return []
  return KINDS.flatMap((kind) =>
    things[kind].flatMap((pattern, index) => {
      const test = thingsTest({ tools: [], prompts: [], resources: [], [kind]: [pattern] })
      if (surface.some((entry) => test.reach(entry.kind, entry.name) !== 'none')) return []
      const what = kind.slice(0, -1)
      return [{ path: [...path, kind, index], sentence: `"${pattern}" matches no ${what} that there is` }]
    }),
  )
}

function neverDecides(
  compiled: CompiledRule,
  total: readonly CompiledRule[],
  { holders }: RuleWarningsInput,
): string | undefined {
  const { rule, entries } = compiled
  const methods: readonly Method[] = rule.methods ?? METHODS
  if (!entries.some(({ kind }) => METHODS_OF[kind].some((method) => methods.includes(method))))
    return 'none of its methods is one of what it is about'
  if (entries.every((entry) => isFalseFor(compiled, entry))) return 'its condition is always false'
  const before = total.find((other) => isBefore(other, compiled))
  if (before !== undefined) return `rule "${before.rule.name}" denies all that it is about, to everybody`
  if (rule.principals?.some((pattern) => holders.mightUse(pattern, entries)) === false)
    return 'nobody whom it names might use what it is about'
  return undefined
}

function isFalseFor({ conditionFor }: CompiledRule, entry: SurfaceEntry): boolean {
  const condition = conditionFor(entry)
  return condition !== undefined && isAlwaysFalse(condition, entry)
}

function deniesAlways({ rule }: CompiledRule): boolean {
  const { effect, mode, when, principals, methods } = rule
  return effect === 'deny' && mode === 'enforce' && when === null && principals === null && methods === null
}

/** Whether one rule always answers where the other would; of two that deny, the first does. */
function isBefore(other: CompiledRule, { rule, order, entries }: CompiledRule): boolean {
  if (other.order === order || (rule.effect === 'deny' && other.order > order)) return false
  return entries.every(({ kind, name }) => other.things.reach(kind, name) === 'all')
}

/** As many callers are named. */
const MOST_NAMES = 3

function approvalWarnings(
  { rule, concerns, entries }: CompiledRule,
  { document, holders }: RuleWarningsInput,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (rule.effect !== 'approve' || rule.asks.kind !== 'approval') return []
  const { role } = rule.asks.by
  const nobody = holders.hasHolder(role, 'people')
    ? []
    : [{ path: [...path, 'by', 'role'], sentence: `no person has the role "${role}": nobody can approve` }]
  const owned = new Set(
    document.grants.flatMap(({ subject, owner }) =>
      subject.kind === 'principal' && owner !== null ? [subject.principal.id] : [],
    ),
  )
  const unowned = holders.named.filter(
    ({ principal, roles }) =>
      principal.kind !== 'user' &&
      !owned.has(principal.id) &&
      (concerns?.(principal, [...roles]) ?? true) &&
      holders.covers(roles, entries),
  )
  return [
    ...nobody,
    ...(unowned.length === 0
      ? []
      : [
          unownedWarning(
            unowned.map((one) => one.principal.id),
            path,
          ),
        ]),
  ]
}

function unownedWarning(ids: readonly string[], path: readonly PropertyKey[]): YamlFault {
  const more = ids.length - MOST_NAMES
  const names = `${ids.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  return { path, sentence: `no owner is named for ${names}, so that what needs approval is denied to them` }
}
