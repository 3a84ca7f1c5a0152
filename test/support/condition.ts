import type { Arguments } from '../../src/access/decision.ts'
import type { Condition, ConditionFault, ConditionScope, Facts, Truth } from '../../src/access/condition.ts'
import { compileCondition } from '../../src/access/compile-condition.ts'
import type { SurfaceEntry } from '../../src/access/surface.ts'
import type { Proofs } from '../../src/auth/context.ts'

/** Saturday, 21 November 2026, 11:00 in Berlin. */
export const NOON: number = Date.parse('2026-11-21T10:00:00Z')

/** Arguments of every kind. */
export const INPUT_SCHEMA: SurfaceEntry['inputSchema'] = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    amount: { type: 'number' },
    n: { type: 'integer' },
    path: { type: 'string' },
    flag: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    more: { type: 'array', items: { type: 'string' } },
    to: {
      type: 'object',
      properties: { iban: { type: 'string' }, limit: { type: 'integer' } },
      additionalProperties: false,
    },
    items: {
      type: 'array',
      items: { type: 'object', properties: { price: { type: 'number' } }, required: ['price'] },
    },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    any: {},
    maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  },
  additionalProperties: false,
}

/** The tool that conditions in tests are about. */
export function entryWith(inputSchema: SurfaceEntry['inputSchema'] = INPUT_SCHEMA): SurfaceEntry {
  return {
    kind: 'tool',
    name: 'bank_pay',
    permission: 'bank:pay',
    upstream: null,
    annotations: { destructiveHint: true },
    inputSchema,
  }
}

/** A rule about that tool. */
export const RULE: ConditionScope = { kind: 'rule', hasArguments: true, entry: entryWith() }
/** A rule about it that hides. */
export const HIDE: ConditionScope = { kind: 'rule', hasArguments: false, entry: entryWith() }
export const GRANT: ConditionScope = { kind: 'grant' }

/** Alice, half an hour after she signed in with her password. */
export const ALICE: Proofs = {
  principal: { kind: 'user', name: 'alice', id: 'user:alice' },
  methods: ['session'],
  authenticatedAt: NOON - 30 * 60_000,
  ceilings: [],
}

/** A call of Alice with these arguments. */
export function factsOf(args: Arguments, proofs: Partial<Proofs> = {}): Facts {
  return {
    proofs: { ...ALICE, ...proofs },
    roles: ['reader', 'teller'],
    attributes: { team: 'payments' },
    asked: { action: 'tools/call', resource: 'bank_pay', entry: entryWith(), args },
    now: NOON,
  }
}

/** The condition, which has no faults. */
export function compiled(source: string, scope: ConditionScope = RULE): Condition {
  const made = compileCondition(source, scope)
  if (made.kind === 'condition') return made.condition
  throw new Error(`${source}: ${JSON.stringify(made.faults)}`)
}

/** What is wrong with a condition. */
export function faultsIn(source: string, scope: ConditionScope = RULE): readonly ConditionFault[] {
  const made = compileCondition(source, scope)
  return made.kind === 'faults' ? made.faults : []
}

/** What a condition comes to for a call with these arguments. */
export function truthOf(source: string, args: Arguments, proofs: Partial<Proofs> = {}): Truth {
  return compiled(source).evaluate(factsOf(args, proofs))
}
