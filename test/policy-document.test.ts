import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { Facts } from '../src/access/condition.ts'
import type { ReadPolicy } from '../src/access/read-policy.ts'
import type { Surface, SurfaceEntry } from '../src/access/surface.ts'
import type { Proofs } from '../src/auth/context.ts'
import { contextIn, proofsOf, read } from './support/access.ts'
import { compiled, NOON } from './support/condition.ts'

const text = { type: 'string' }

function tool(name: string, permission: `${string}:${string}`, properties: object): SurfaceEntry {
  const inputSchema = { type: 'object', properties, additionalProperties: false }
  return { kind: 'tool', name, permission, upstream: null, annotations: null, inputSchema }
}

/** The catalog that the documents have in mind. */
const CATALOG: Surface = [
  tool('files_read', 'files:read', { path: text }),
  tool('files_delete', 'files:delete', { path: text }),
  tool('notes_read', 'notes:read', { id: text }),
  tool('notes_delete', 'notes:write', { id: text }),
  tool('bank_pay', 'bank:pay', { amount: { type: 'number' }, currency: text }),
  tool('tickets_edit', 'tickets:edit', { owner: text }),
  tool('deploy_start', 'deploy:start', {}),
  tool('admin_restart', 'admin:restart', {}),
  { ...tool('payroll://{month}', 'payroll:read', { month: text }), kind: 'resource' },
]

const HOUR = 3_600_000

function blocksOf(file: string): readonly string[] {
  const document = readFileSync(resolve(import.meta.dirname, '..', file), 'utf8')
  return [...document.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block)
}

function policiesOf(file: string): readonly string[] {
  return blocksOf(file).filter((block) => block.startsWith('version:'))
}

for (const file of ['README.md', 'POLICY.md'])
  test(`the policies in ${file} are good as they stand, and say nothing that is probably not meant`, () => {
    const policies = policiesOf(file)
    assert.ok(policies.length > 0)
    for (const policy of policies) assert.deepEqual(read(policy, CATALOG).warnings, [])
  })

/** Who calls what, with which arguments (of a resource the URI), and when unless at noon. */
interface Asked {
  readonly from: Proofs
  readonly name: string
  readonly args?: Record<string, unknown>
  readonly uri?: string
  readonly now?: number
}

/** The kind of the answer, and the rule behind it. */
function answer(policy: ReadPolicy, { from, name, args = {}, uri = name, now = NOON }: Asked): string {
  const found = CATALOG.find((entry) => entry.name === name)
  assert.ok(found)
  const { kind, permission } = found
  const action = kind === 'tool' ? 'tools/call' : 'resources/read'
  const context = contextIn(policy, from, now)
  const request = { action, kind, resource: uri, entry: name, permission } as const
  const decision = policy.policy.decide(context, request, args, now)
  if (decision.kind === 'needs') return `needs ${decision.needs.map(({ rule }) => rule).join(', ')}`
  return decision.kind === 'deny' ? `deny ${decision.rule ?? decision.reason}` : decision.kind
}

function person(id: string, proved: { ago: number; mfaAgo?: number }, more: Partial<Proofs> = {}): Proofs {
  return proofsOf(id, {
    methods: ['session'],
    authenticatedAt: NOON - proved.ago,
    ...(proved.mfaAgo === undefined ? {} : { mfaAt: NOON - proved.mfaAgo }),
    ...more,
  })
}

const alice = person('user:alice', { ago: HOUR, mfaAgo: HOUR })
const fresh = person('user:alice', { ago: HOUR, mfaAgo: 60_000 })
const bob = person('user:bob', { ago: HOUR })
const pager = (ago: number): Proofs => proofsOf('service:pager', { authenticatedAt: NOON - ago })
const runner = (uri: string): Proofs =>
  proofsOf('service:runner', { certificate: { uri, issuer: 'CN=Corp CA' } })
const pay = (amount: number) => ({ name: 'bank_pay', args: { amount, currency: 'EUR' } })
const readFile = (path: string) => ({ name: 'files_read', args: { path } })
const shared = readFile('/srv/share/a')
const readNote = { name: 'notes_read', args: { id: 'a' } }
const deleteNote = { name: 'notes_delete', args: { id: 'a' } }
const editTicket = (owner: string) => ({ name: 'tickets_edit', args: { owner } })
const payroll = { name: 'payroll://{month}', uri: 'payroll://2026-11', args: { month: '2026-11' } }

/** What the first policy of each document answers. */
const ANSWERS: Readonly<Record<string, readonly (readonly [Asked, string])[]>> = {
  'README.md': [
    [{ from: alice, ...editTicket('user:alice') }, 'allow'],
    [{ from: alice, ...editTicket('user:bob') }, 'deny only-ones-own-tickets'],
    [{ from: alice, name: 'deploy_start' }, 'allow'],
    [{ from: alice, name: 'deploy_start', now: NOON + 7 * HOUR }, 'deny deploys-in-working-hours'],
    [{ from: { ...alice, address: '10.1.2.3' }, name: 'admin_restart' }, 'allow'],
    [{ from: { ...alice, address: '11.1.2.3' }, name: 'admin_restart' }, 'deny admin-tools-from-the-office'],
    [{ from: alice, name: 'admin_restart' }, 'deny admin-tools-from-the-office'],
    [{ from: alice, ...payroll }, 'deny payroll-for-its-team'],
    [{ from: alice, ...readFile('/srv/share/../../etc/passwd') }, 'deny files-only-under-share'],
    [{ from: alice, ...shared }, 'allow'],
    [{ from: alice, ...deleteNote }, 'needs deleting-needs-a-fresh-second-factor'],
    [{ from: fresh, ...deleteNote }, 'allow'],
    [{ from: person('user:alice', { ago: HOUR }), ...readNote }, 'deny second_factor_required'],
    [{ from: alice, ...pay(1000) }, 'allow'],
    [{ from: alice, ...pay(1000.5) }, 'needs payments-need-a-second-person'],
    [{ from: pager(HOUR), ...pay(1000.5) }, 'needs payments-need-a-second-person'],
    [{ from: pager(9 * HOUR), ...pay(1) }, 'deny no_permission'],
    [{ from: proofsOf('service:reporting'), ...readNote }, 'allow'],
    [{ from: proofsOf('service:reporting'), ...pay(1) }, 'deny no_permission'],
  ],
  'POLICY.md': [
    [{ from: alice, ...shared }, 'allow'],
    [{ from: alice, ...readFile('/srv/share/../../etc/passwd') }, 'deny files-only-under-share'],
    [{ from: alice, ...deleteNote }, 'needs deleting-needs-a-fresh-second-factor'],
    [{ from: fresh, ...deleteNote }, 'allow'],
    [{ from: person('user:alice', { ago: HOUR }), ...readNote }, 'deny second_factor_required'],
    [{ from: bob, ...pay(1000) }, 'allow'],
    [{ from: bob, ...pay(1000.5) }, 'needs payments-need-a-second-person'],
    [{ from: bob, ...readNote }, 'deny no_permission'],
    [{ from: proofsOf('service:billing'), ...readNote }, 'allow'],
    [{ from: proofsOf('service:billing'), ...shared }, 'deny no_permission'],
    [{ from: pager(HOUR), ...shared }, 'allow'],
    [{ from: pager(9 * HOUR), ...shared }, 'deny no_permission'],
    [{ from: runner('spiffe://corp.example/ci/build'), ...readNote }, 'allow'],
    [{ from: runner('spiffe://corp.example/lab/build'), ...readNote }, 'deny no_permission'],
  ],
}

for (const [file, cases] of Object.entries(ANSWERS))
  test(`the first policy in ${file} decides what its rules are called after`, () => {
    const [first = ''] = policiesOf(file)
    const policy = read(first, CATALOG)
    for (const [asked, expected] of cases)
      assert.equal(answer(policy, asked), expected, JSON.stringify(asked))
    const named = new Set(cases.flatMap(([, expected]) => expected.split(' ').slice(1)))
    for (const { name } of policy.document.rules) assert.ok(named.has(name), `no case for ${name}`)
  })

/** What is said of one request. */
type Case = Partial<Pick<Facts, 'proofs' | 'roles' | 'attributes' | 'now'>> & {
  readonly args?: Record<string, unknown>
  readonly resource?: string
}

const from = (address: string): Case => ({ proofs: proofsOf('user:alice', { address }) })
const at = (time: string): Case => ({ now: Date.parse(time) })
const reading = (id: string, resource: string): Case => ({ proofs: proofsOf(id), resource })

/** Every example, by its comment: requests that it matches, and requests that it does not. */
const EXAMPLES: Readonly<Record<string, { matches: readonly Case[]; others: readonly Case[] }>> = {
  'Ownership: everybody may touch only his own.': {
    matches: [{ args: { owner: 'user:bob' } }],
    others: [{ args: { owner: 'user:alice' } }],
  },
  'A time window: not outside of working hours.': {
    // Berlin is an hour ahead of UTC in winter, two in summer.
    matches: [at('2026-11-20T06:59:00Z'), at('2026-11-20T17:00:00Z'), at('2026-11-21T10:00:00Z')],
    others: [at('2026-11-20T07:00:00Z'), at('2026-11-20T16:59:00Z'), at('2026-07-17T06:00:00Z')],
  },
  'A network: only from the office or the VPN.': {
    matches: [from('11.0.0.1'), from('2001:db9::1')],
    others: [from('10.1.2.3'), from('2001:db8::1')],
  },
  'An attribute of the caller.': {
    matches: [{ attributes: { team: 'sales' } }],
    others: [{ attributes: { team: 'payments' } }],
  },
  'One role among several; principals: [ "role:…" ] says the same without a condition.': {
    matches: [{ roles: ['reader', 'contractor'] }],
    others: [{ roles: ['reader'] }],
  },
  'A resource pattern.': {
    matches: [reading('service:billing', 'note://private-a')],
    others: [reading('user:alice', 'note://private-a'), reading('service:billing', 'note://public-a')],
  },
  'A value, and how much of it.': {
    matches: [{ args: { amount: 1000.5, currency: 'EUR' } }, { args: { amount: 1, currency: 'USD' } }],
    others: [{ args: { amount: 1000, currency: 'EUR' } }],
  },
  'One of many.': {
    matches: [{ args: { recipients: ['a@example.com', 'b@example.org'] } }],
    others: [{ args: { recipients: ['a@example.com', 'b@example.com'] } }],
  },
}

test('each example of a condition in POLICY.md does what is said above it', () => {
  const entry = tool('any_tool', 'any:use', {
    owner: text,
    amount: { type: 'number' },
    currency: text,
    recipients: { type: 'array', items: text },
  })
  const block = blocksOf('POLICY.md').find((one) => /^# .*\nwhen: /.test(one)) ?? ''
  const examples = [...block.matchAll(/^# (.*)\n(when: .*)$/gm)]
  const sources = new Map(
    examples.map(([, said = '', line = '']) => [said, (parse(line) as { when: string }).when]),
  )
  assert.equal(block.match(/^when:/gm)?.length, sources.size)
  assert.deepEqual([...sources.keys()], Object.keys(EXAMPLES))
  for (const [said, source] of sources) {
    const condition = compiled(source, { kind: 'rule', hasArguments: true, entry })
    const truth = ({ args = {}, resource = entry.name, ...more }: Case): string =>
      condition.evaluate({
        proofs: proofsOf('user:alice'),
        roles: [],
        attributes: {},
        now: NOON,
        asked: { action: 'tools/call', resource, entry, args },
        ...more,
      })
    const { matches = [], others = [] } = EXAMPLES[said] ?? {}
    assert.deepEqual(
      matches.map(truth),
      matches.map(() => 'true'),
      said,
    )
    assert.deepEqual(
      others.map(truth),
      others.map(() => 'false'),
      said,
    )
  }
})
