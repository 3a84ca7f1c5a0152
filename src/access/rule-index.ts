import type { Condition } from './condition.ts'
import type { CompiledRule } from './compile-rules.ts'
import type { CompiledLimit } from './compile-limits.ts'
import { openEntry } from './open-entry.ts'
import type { Surface, SurfaceEntry } from './surface.ts'
import type { Reach, ThingsTest } from './things-test.ts'

/** A rule for one entry. */
export interface IndexedRule extends Pick<CompiledRule, 'rule' | 'order' | 'things' | 'concerns' | 'ask'> {
  readonly reach: Exclude<Reach, 'none'>
  /** Absent for always. */
  readonly condition: Condition | undefined
}

/** A limit for one entry. */
export interface IndexedLimit {
  readonly compiled: CompiledLimit
  readonly things: ThingsTest
  readonly reach: Exclude<Reach, 'none'>
}

/** What may concern one entry, whoever asks. */
export interface IndexedEntry {
  readonly entry: SurfaceEntry
  /** Those that deny or hide, in the order of the file. */
  readonly denying: readonly IndexedRule[]
  /** Those that ask for something, first what is asked for first. */
  readonly asking: readonly IndexedRule[]
  readonly limits: readonly IndexedLimit[]
}

/** As many entries that are not of the surface are kept. */
const MOST_OPEN = 1000

/** Finds what may concern an entry. What the surface does not have is looked at when it is asked for. */
export type RuleIndex = (kind: SurfaceEntry['kind'], name: string) => IndexedEntry

/** Makes the index of rules and limits: per entry, at load, so that a decision looks at those that concern it alone. */
export function ruleIndex(
  rules: readonly CompiledRule[],
  limits: readonly CompiledLimit[],
  surface: Surface,
): RuleIndex {
  const known = byKind()
  const open = byKind()
  const indexed = (entry: SurfaceEntry): IndexedEntry => indexedEntry(entry, rules, limits)
  for (const entry of surface) known[entry.kind].set(entry.name, indexed(entry))
  return (kind, name) => {
    const found = known[kind].get(name) ?? open[kind].get(name)
    if (found !== undefined) return found
    const made = indexed(openEntry(kind, name))
    if (open[kind].size >= MOST_OPEN) open[kind].clear()
    open[kind].set(name, made)
    return made
  }
}

function byKind(): Readonly<Record<SurfaceEntry['kind'], Map<string, IndexedEntry>>> {
  return { tool: new Map(), prompt: new Map(), resource: new Map() }
}

function indexedEntry(
  entry: SurfaceEntry,
  rules: readonly CompiledRule[],
  limits: readonly CompiledLimit[],
): IndexedEntry {
  const reaching = rules.flatMap((compiled): readonly IndexedRule[] => {
    const { rule, order, things, concerns, ask } = compiled
    const reach = things.reach(entry.kind, entry.name)
    if (reach === 'none') return []
    return [{ rule, order, things, concerns, ask, reach, condition: compiled.conditionFor(entry) }]
  })
  return {
    entry,
    denying: reaching.filter(({ rule }) => !('asks' in rule)),
    asking: reaching.filter(({ rule }) => 'asks' in rule).toSorted((a, b) => priorityOf(b) - priorityOf(a)),
    limits: limits.flatMap((compiled): IndexedLimit[] => {
      const reach = compiled.things.reach(entry.kind, entry.name)
      return reach === 'none' ? [] : [{ compiled, things: compiled.things, reach }]
    }),
  }
}

function priorityOf({ rule }: IndexedRule): number {
  return 'asks' in rule ? rule.priority : 0
}
