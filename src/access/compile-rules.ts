import { compileCondition } from './compile-condition.ts'
import type { CompiledCondition, Condition, ConditionFault } from './condition.ts'
import type { AccessDocument } from './document.ts'
import { placed, type PlacedFault } from './placed-fault.ts'
import { compileAsk, type CompiledAsk } from './need.ts'
import { openEntry } from './open-entry.ts'
import { parsePrincipalPattern, principalTest, type PrincipalTest } from './principal-pattern.ts'
import type { Rule } from './rule.ts'
import type { Surface, SurfaceEntry } from './surface.ts'
import { thingsTest, type ThingsTest } from './things-test.ts'

/** A rule that was checked against everything that it is about. */
export interface CompiledRule {
  readonly rule: Rule
  /** Its place in the file. */
  readonly order: number
  readonly things: ThingsTest
  /** Absent for everybody. */
  readonly concerns: PrincipalTest | undefined
  /** What it asks for; absent where it denies or hides. */
  readonly ask: CompiledAsk | undefined
  /** Its condition as it reads where nothing is known of arguments: for what can be told from its text. */
  readonly sample: Condition | undefined
  /** What of the surface it is about. */
  readonly entries: readonly SurfaceEntry[]
  /** Its condition for one entry, also one that is not of the surface; absent for always. */
  conditionFor(entry: SurfaceEntry): Condition | undefined
}

/** Rules, or what is wrong with them. */
export interface CompiledRules {
  readonly rules: readonly CompiledRule[]
  readonly faults: readonly PlacedFault[]
}

const KINDS = ['tool', 'prompt', 'resource'] as const

/**
 * Compiles the conditions of rules, for each entry that they are about: what an argument is depends on the schema.
 *
 * Fails closed: a condition that cannot be compiled for an entry is a fault; one that cannot be for what is not of the
 * surface cannot be evaluated there, and so counts as matched.
 */
export function compileRules({ rules, groups }: AccessDocument, surface: Surface): CompiledRules {
  const faults: PlacedFault[] = []
  const schemas = schemaKeys()
  const compiled = rules.map((rule, order): CompiledRule => {
    const things = thingsTest(rule)
    const entries = surface.filter(({ kind, name }) => things.reach(kind, name) !== 'none')
    const patterns = rule.principals?.flatMap((text) => parsePrincipalPattern(text) ?? [])
    const variants = rule.when === null ? undefined : conditionVariants(rule, rule.when, schemas)
    if (variants !== undefined)
      faults.push(...placed(faultsFor(variants, rule, entries), ['rules', order, 'when']))
    const conditionFor = (entry: SurfaceEntry): Condition | undefined =>
      variants && conditionOf(variants(entry))
    return {
      rule,
      order,
      things,
      concerns: patterns && principalTest(patterns, groups),
      ask: 'asks' in rule ? compileAsk(rule.asks) : undefined,
      entries,
      sample: kindsOf(rule).map((kind) => conditionFor(openEntry(kind, '')))[0],
      conditionFor,
    }
  })
  return { rules: compiled, faults }
}

/** Stands for what could not be compiled. */
const BROKEN: Condition = {
  source: '',
  needsArguments: false,
  needsTime: false,
  needsProofs: false,
  evaluate: () => 'error',
  trace: () => [],
}

function conditionOf(variant: CompiledCondition): Condition {
  return variant.kind === 'condition' ? variant.condition : BROKEN
}

function kindsOf(rule: Rule): readonly SurfaceEntry['kind'][] {
  return KINDS.filter((kind) => rule[`${kind}s`].length > 0)
}

type Variants = (entry: SurfaceEntry) => CompiledCondition

/** Compiles once for every schema; once for every kind of thing if no argument is spoken of. */
function conditionVariants(rule: Rule, source: string, schemas: (entry: SurfaceEntry) => string): Variants {
  const byKind = new Map<string, CompiledCondition>()
  const bySchema = new Map<string, CompiledCondition>()
  const hasArguments = rule.effect !== 'hide'
  return (entry) => {
    const same = byKind.get(entry.kind) ?? bySchema.get(schemas(entry))
    if (same !== undefined) return same
    const variant = compileCondition(source, { kind: 'rule', hasArguments, entry })
    if (variant.kind === 'condition' && !variant.condition.needsArguments) byKind.set(entry.kind, variant)
    else bySchema.set(schemas(entry), variant)
    return variant
  }
}

/** What tells schemas apart; made once for each entry. */
function schemaKeys(): (entry: SurfaceEntry) => string {
  const keys = new WeakMap<SurfaceEntry, string>()
  return (entry) => {
    const key = keys.get(entry) ?? `${entry.kind} ${JSON.stringify(entry.inputSchema)}`
    keys.set(entry, key)
    return key
  }
}

/** Faults of the condition whatever it is about; if there are none, those for particular entries, which are named. */
function faultsFor(
  variants: Variants,
  rule: Rule,
  entries: readonly SurfaceEntry[],
): readonly ConditionFault[] {
  const open = kindsOf(rule).map((kind) => variants(openEntry(kind, '')))
  const always = open.flatMap((variant) => (variant.kind === 'faults' ? variant.faults : []))
  if (always.length > 0) return distinct(always)
  const found = new Map<string, { fault: ConditionFault; names: string[] }>()
  for (const entry of entries) {
    const variant = variants(entry)
    for (const fault of variant.kind === 'faults' ? variant.faults : []) {
      const known = found.get(`${fault.offset} ${fault.sentence}`) ?? { fault, names: [] }
      known.names.push(`${entry.kind} "${entry.name}"`)
      found.set(`${fault.offset} ${fault.sentence}`, known)
    }
  }
  return [...found.values()].map(({ fault: { offset, sentence }, names }) => ({
    offset,
    sentence: `${sentence} (${namesText(names)})`,
  }))
}

function distinct(faults: readonly ConditionFault[]): readonly ConditionFault[] {
  return [...new Map(faults.map((fault) => [`${fault.offset} ${fault.sentence}`, fault])).values()]
}

const MOST_NAMES = 3

function namesText(names: readonly string[]): string {
  const more = names.length - MOST_NAMES
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
