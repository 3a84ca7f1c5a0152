import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Action, Decision, Policy } from '../../src/access/decision.ts'
import { readPolicy, type ReadPolicy } from '../../src/access/read-policy.ts'
import type { AuthContext, Proofs } from '../../src/auth/context.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import { fixedCatalog } from '../../src/mcp/catalog-source.ts'
import { createGuard } from '../../src/mcp/guard.ts'
import { surfaceOf } from '../../src/mcp/surface-of.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { visibleIn } from '../../src/mcp/visible.ts'
import { contextIn, proofsOf } from '../support/access.ts'
import { NOON } from '../support/condition.ts'
import { modern } from '../support/clients.ts'

const ROUNDS = 7
const TOOLS = 200
const GROUPS = 100
const MINUTE = 60_000

/** Two hundred tools, two of each group: `g7_pay` and `g7_move`. */
const catalog = createCatalog({
  tools: Array.from({ length: TOOLS }, (_, index) =>
    defineTool({
      name: `g${index >> 1}_${index % 2 === 0 ? 'pay' : 'move'}`,
      description: 'Moves money.',
      inputSchema: z.strictObject({
        amount: z.number(),
        currency: z.string(),
        owner: z.string(),
        path: z.string(),
        recipients: z.array(z.string()),
      }),
      permission: 'bank:pay',
      run: () => textResult('paid'),
    }),
  ),
})
const SURFACE = surfaceOf(catalog)
const ARGS = Object.freeze({
  amount: 250,
  currency: 'EUR',
  owner: 'user:alice',
  path: '/srv/share/a/b.pdf',
  recipients: Object.freeze(['a@example.com', 'b@example.com']),
})

/** As people write them; none of them stops the call. */
const CONDITIONS = [
  'args.amount > 1000.0 || args.currency != "EUR"',
  '!within(args.path, "/srv/share")',
  'args.owner != principal.id',
  'args.recipients.exists(r, !r.endsWith("@example.com"))',
  'principal.attributes.team != "payments"',
  '"contractor" in principal.roles',
  'auth.age > duration("8h")',
  'now.hour("Europe/Berlin") < 8 || now.hour("Europe/Berlin") >= 18',
  '!cidr(auth.address, "10.0.0.0/8")',
  'glob(resource, "*_refund") && principal.kind != "user"',
]

const rule = (name: string, tools: string, when: string): string =>
  `  - { name: ${name}, effect: deny, tools: [ "${tools}" ], when: '${when}' }\n`
const policyText = (rules: readonly string[], grants = ''): string => `version: 1
rules:${rules.length === 0 ? ' []' : ''}
${rules.join('')}roles:
  clerk: [ "bank:*" ]
  reader: [ "notes:read" ]
grants:
  - { user: alice, roles: [ clerk ], attributes: { team: payments } }
${grants}`
const read = (text: string): ReadPolicy => readPolicy(text, 'access.yaml', SURFACE)

/** Ten rules; three of them concern `g0_pay`. */
const TEN = policyText(
  Array.from({ length: 10 }, (_, index) =>
    rule(`r${index}`, `g${index < 3 ? 0 : index}_*`, CONDITIONS[index % 3] ?? ''),
  ),
)
/** A thousand rules, ten for each group. */
const THOUSAND = policyText(
  Array.from({ length: 10 * GROUPS }, (_, index) =>
    rule(`r${index}`, `g${Math.floor(index / 10)}_*`, CONDITIONS[index % 10] ?? ''),
  ),
)
/** A thousand rules that speak of arguments, attributes and roles alone: lists can be kept. */
const KEPT = policyText(
  Array.from({ length: 10 * GROUPS }, (_, index) =>
    rule(`r${index}`, `g${Math.floor(index / 10)}_*`, CONDITIONS[index % 6] ?? ''),
  ),
)

const PROOFS: Proofs = proofsOf('user:alice', {
  methods: ['session'],
  authenticatedAt: NOON - 5 * MINUTE,
  mfaAt: NOON - MINUTE,
  address: '10.1.2.3',
})

function call(policy: ReadPolicy, context: AuthContext, name = 'g0_pay'): Decision {
  const action: Action = 'tools/call'
  const request = { action, kind: 'tool', resource: name, entry: name, permission: 'bank:pay' } as const
  return policy.policy.decide(context, request, ARGS, NOON)
}

/** The kernel counts in ticks of a few ms: shorter rounds say nothing. In ns. */
const ROUND = 60e6

function cpu(count: number, work: () => unknown): number {
  const before = process.threadCpuUsage()
  for (let index = 0; index < count; index++) work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) * 1000
}

/** CPU time of `work` in ns: the least of several rounds, since whatever else runs only adds to it. */
function nanoseconds(work: () => unknown): number {
  let count = 1
  while (cpu(count, work) < ROUND) count *= 2
  return Math.min(...Array.from({ length: ROUNDS }, () => cpu(count, work) / count))
}

const LONGEST_NAME = 58

/** Says what something takes, what it should at most, and how that compares with parsing the message of the call. */
function print(what: string, taken: number, most?: number): void {
  const said = (ns: number): string => `${(ns / 1000).toFixed(2)} µs`
  const target = most === undefined ? '' : `  target ${said(most)}${taken < most ? '' : '  MISSED'}`
  console.log(
    `${what.padEnd(LONGEST_NAME)} ${said(taken).padStart(14)}  x ${(taken / FLOOR).toFixed(2).padStart(8)}${target}`,
  )
}

const MESSAGE = modern('tools/call', { name: 'g0_pay', arguments: ARGS }).body
const FLOOR = nanoseconds(() => JSON.parse(MESSAGE) as unknown)

test('what is compared with', () => {
  const names = new Map(SURFACE.map(({ name }) => [name, () => name]))
  print('floor: the message of the call is parsed', FLOOR)
  print(
    'a Map lookup and the call of a closure',
    nanoseconds(() => names.get('g7_pay')?.()),
  )
})

test('a decision', () => {
  const [ten, thousand] = [read(TEN), read(THOUSAND)]
  const contexts = { ten: contextIn(ten, PROOFS, NOON), thousand: contextIn(thousand, PROOFS, NOON) }
  assert.equal(call(ten, contexts.ten).kind, 'allow')
  assert.equal(call(thousand, contexts.thousand, 'g57_pay').kind, 'allow')
  print(
    '10 rules, 3 apply',
    nanoseconds(() => call(ten, contexts.ten)),
    2_000,
  )
  print(
    '10 rules, 1 applies',
    nanoseconds(() => call(ten, contexts.ten, 'g7_pay')),
  )
  print(
    '1,000 rules, 10 apply',
    nanoseconds(() => call(thousand, contexts.thousand, 'g57_pay')),
    20_000,
  )
  for (const [index, condition] of CONDITIONS.entries()) {
    const single = read(policyText([rule('only', 'g0_*', condition)]))
    const context = contextIn(single, PROOFS, NOON)
    assert.equal(call(single, context).kind, 'allow', `condition ${index}`)
    print(
      `  1 rule: ${condition.slice(0, 48)}`,
      nanoseconds(() => call(single, context)),
    )
  }
})

/** Three of the conditions, from one on, about every tool. */
const aboutAll = (from: number): string =>
  policyText(Array.from({ length: 3 }, (_, index) => rule(`r${index}`, '*', CONDITIONS[from + index] ?? '')))

test('a list of 200 tools', () => {
  for (const [title, text, isKept] of [
    ['3 rules, all apply', aboutAll(0), true],
    ['3 rules on time, role and age', aboutAll(5), false],
    ['1,000 rules, 10 apply to each', KEPT, true],
    ['1,000 rules, also on time and address', THOUSAND, false],
  ] as const) {
    const policy = read(text)
    const context = contextIn(policy, PROOFS, NOON)
    // What is not kept is decided anew, and so it is where the key is taken away.
    const visible = (inForce: Policy) =>
      visibleIn(
        fixedCatalog(catalog),
        createGuard({
          policy: () => inForce,
          audit: { record: async () => undefined },
          now: () => NOON,
          onException: (_, error) => assert.fail(String(error)),
        }),
      )
    const caller = { context, requestId: 'r' }
    const [kept, anew] = [visible(policy.policy), visible({ ...policy.policy, listKey: () => undefined })]
    assert.equal(kept.tools(caller).length, TOOLS)
    assert.equal(policy.policy.listKey(context, NOON) !== undefined, isKept)
    if (isKept)
      print(
        `${title}: kept`,
        nanoseconds(() => kept.tools(caller)),
        100_000,
      )
    print(
      `${title}: decided`,
      nanoseconds(() => anew.tools(caller)),
      2_000_000,
    )
  }
})

test('the rights of a caller', () => {
  const grants = (many: number, when: string): string =>
    Array.from({ length: many }, () => `  - { user: alice, roles: [ reader ], when: '${when}' }\n`).join('')
  const cases: readonly (readonly [string, string])[] = [
    ['no condition', ''],
    ['1 grant on a condition', grants(1, 'auth.age < duration("8h")')],
    [
      '10 grants on a condition',
      grants(10, 'auth.mfaAge < duration("8h") && cidr(auth.address, "10.0.0.0/8")'),
    ],
  ]
  for (const [title, text] of cases) {
    const { policy } = read(policyText([], text))
    let now = NOON
    print(
      `rights: ${title}, the same moment`,
      nanoseconds(() => policy.rightsOf(PROOFS, NOON)),
    )
    print(
      `rights: ${title}, each at its own moment`,
      nanoseconds(() => policy.rightsOf(PROOFS, now++)),
    )
  }
})

test('a policy is read', () => {
  print(
    `10 rules over ${TOOLS} tools`,
    nanoseconds(() => read(TEN)),
  )
  print(
    `1,000 rules over ${TOOLS} tools, each about 2`,
    nanoseconds(() => read(THOUSAND)),
  )
  const everywhere = policyText(
    Array.from({ length: 1_000 }, (_, index) => rule(`r${index}`, '*', CONDITIONS[index % 10] ?? '')),
  )
  print(
    `1,000 rules over ${TOOLS} tools, each about all`,
    nanoseconds(() => read(everywhere)),
  )
  const { policy } = read(everywhere)
  const context = contextIn(read(everywhere), PROOFS, NOON)
  const request = {
    action: 'tools/call',
    kind: 'tool',
    resource: 'g0_pay',
    entry: 'g0_pay',
    permission: 'bank:pay',
  } as const
  print(
    '1,000 rules, all apply',
    nanoseconds(() => policy.decide(context, request, ARGS, NOON)),
  )
})
