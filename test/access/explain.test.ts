import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNKNOWN, type Action, type Arguments } from '../../src/access/decision.ts'
import type { Explanation } from '../../src/access/explanation.ts'
import type { Proofs } from '../../src/auth/context.ts'
import { contextIn, proofsOf, read, requestFor } from '../support/access.ts'

const NOW = 100_000_000
const TEXT = `version: 1
rules:
  - { name: share, effect: deny, tools: [ "files_*" ], when: '!within(args.path, "/srv/share")' }
  - { name: small, effect: deny, tools: [ files_write ], when: 'args.size > 10 && principal.kind == "user"' }
  - { name: fresh, effect: step-up, tools: [ files_write ], within: 5m }
  - { name: pay, effect: approve, tools: [ bank_pay ], by: { role: boss }, when: args.amount > 10.0 }
  - { name: tidy, effect: hide, tools: [ ping ] }
  - { name: closed, effect: deny, prompts: [ "*" ] }
  - { name: try, effect: deny, tools: [ bank_pay ], mode: shadow }
limits:
  - { tools: [ "*" ], rate: 5/s }
roles:
  reader: [ "files:read", "notes:*" ]
  boss: { includes: [ reader ], permissions: [ "bank:*", "files:write" ] }
  strict: { permissions: [ "files:read" ], mfa: required }
  other: [ "files:read" ]
groups:
  ops: [ "user:carol" ]
grants:
  - { service: demo, roles: [ boss ] }
  - { service: owned, owner: "user:alice", roles: [ boss ] }
  - { user: alice, roles: [ reader ] }
  - { user: bob, when: 'auth.mfaAge < duration("5m")', roles: [ boss ] }
  - { group: ops, roles: [ boss ] }
  - { user: dave, roles: [ strict ] }
`

interface Asked {
  readonly action?: Action
  readonly args?: Arguments
  readonly proofs?: Partial<Proofs>
  readonly text?: string
}

function explain(id: string, what: string, asked: Asked = {}): Explanation {
  const { action = 'tools/call', args = {}, proofs = {}, text = TEXT } = asked
  const policy = read(text)
  const context = contextIn(policy, proofsOf(id, proofs), NOW)
  const request = requestFor(action, what)
  const explanation = policy.policy.explain(context, request, args, NOW)
  assert.deepEqual(explanation.decision, policy.policy.decide(context, request, args, NOW))
  return explanation
}

const SENTENCES: readonly (readonly [string, string, Asked, string, readonly string[]])[] = [
  [
    'service:demo',
    'files_read',
    { args: { path: '/etc/passwd' } },
    'denied: rule "share" matches: args.path is "/etc/passwd"',
    ['condition: rule "share" would not match if within(args.path, "/srv/share") were true'],
  ],
  [
    'user:carol',
    'files_write',
    { args: { path: '/x', size: 11 } },
    'denied: rule "share" matches: args.path is "/x"',
    [
      'condition: rule "share" would not match if within(args.path, "/srv/share") were true',
      'condition: rule "small" would not match if some of this were otherwise: args.size > 10 is true, principal.kind == "user" is true',
    ],
  ],
  [
    'service:demo',
    'files_read',
    {},
    'denied: rule "share" matches, since its condition cannot be evaluated: args.path is missing',
    ['condition: rule "share" can let nobody through as long as args.path is missing'],
  ],
  [
    'user:alice',
    'summarize',
    { action: 'prompts/get' },
    'denied: rule "closed" matches always',
    ['rule: except user:alice, or this, from rule "closed"'],
  ],
  [
    'service:demo',
    'files_write',
    { args: { path: '/srv/share/x', size: 1 } },
    'denied: rule "fresh" asks for a second factor, which service:demo can never prove',
    ['rule: except service:demo from rule "fresh": only people have a second factor'],
  ],
  [
    'service:demo',
    'bank_pay',
    { args: { amount: 20 } },
    'denied: rule "pay" asks for an approval, and no grant of service:demo names an owner',
    ['grant: name an owner in a grant of service:demo, as in owner: "user:alice"'],
  ],
  [
    'service:owned',
    'bank_pay',
    { args: { amount: 20 } },
    'asked for: rule "pay" needs the approval of a person with role "boss", other than user:alice',
    [],
  ],
  [
    'user:carol',
    'files_write',
    { args: { path: '/srv/share/x', size: 1 } },
    'asked for: rule "fresh" needs a second factor proved no longer than 5m ago',
    [],
  ],
  [
    'service:demo',
    'bank_pay',
    { args: { amount: 1 } },
    'allowed: grants[0] (service: demo) gives role "boss", which has bank:pay',
    [],
  ],
  [
    'service:demo',
    'files_read',
    { args: { path: '/srv/share/x' } },
    'allowed: grants[0] (service: demo) gives role "reader", which has files:read',
    [],
  ],
  ['agent:x', 'ping', {}, 'allowed: any authenticated caller may use it', []],
  [
    'agent:x',
    'files_read',
    {},
    'denied: no grant is for agent:x, and it needs files:read',
    [
      'grant: grant "strict" to agent:x: it has files:read',
      'grant: grant "other" to agent:x: it has files:read',
      'grant: grant "reader" to agent:x: it has files:read',
    ],
  ],
  [
    'user:alice',
    'bank_pay',
    {},
    'denied: no grant of user:alice that counts now gives bank:pay',
    ['grant: grant "boss" to user:alice: it has bank:pay'],
  ],
  [
    'user:bob',
    'bank_pay',
    {},
    'denied: no grant of user:bob that counts now gives bank:pay',
    [
      'condition: grants[3] gives role "boss", and does not count now: auth.mfaAge is missing',
      'grant: grant "boss" to user:bob: it has bank:pay',
    ],
  ],
  [
    'user:dave',
    'files_read',
    {},
    'denied: role "strict" asks for a second factor, and none was proved',
    ['second_factor: prove a second factor'],
  ],
  [
    'service:demo',
    'bank_pay',
    { proofs: { ceilings: [['files:*', 'notes:read']] } },
    'denied: the ceiling of the credential (files:*, notes:read) does not cover bank:pay',
    ['ceiling: use a credential whose ceiling covers bank:pay'],
  ],
  [
    'service:demo',
    'bank_pay',
    { text: TEXT.replace('"bank:*", ', '') },
    'denied: no grant of service:demo that counts now gives bank:pay',
    ['grant: give bank:pay to a role, and that role to service:demo: no role has it'],
  ],
  [
    'service:demo',
    'ping',
    { action: 'tools/list', args: UNKNOWN },
    'denied: rule "tidy" hides it in lists',
    ['rule: except service:demo, or this, from rule "tidy"'],
  ],
  [
    'service:demo',
    'files_read',
    { action: 'tools/list', args: UNKNOWN },
    'depends: whether rule "share" matches is not known here',
    [],
  ],
]

for (const [id, what, asked, because, nearest] of SENTENCES)
  test(`${id} ${what}: ${because}`, () => {
    const explanation = explain(id, what, asked)
    assert.equal(explanation.because, because)
    assert.deepEqual(
      explanation.nearest.map(({ kind, sentence }) => `${kind}: ${sentence}`),
      nearest,
    )
  })

test('a certificate that is asked for is shown as the file says it', () => {
  const text = TEXT.replace('within: 5m', 'certificate: { uri: "spiffe://a/**", issuer: "CN=A" }')
  const args = { path: '/srv/share/x', size: 1 }
  assert.equal(
    explain('service:demo', 'files_write', { args, text }).because,
    'asked for: rule "fresh" needs a certificate like { uri: "spiffe://a/**", issuer: "CN=A" }',
  )
})

test('a context that was made before it was granted is told so', () => {
  const policy = read(TEXT)
  const before = contextIn(read(TEXT.replace('"bank:*", ', '')), proofsOf('service:demo'))
  const { because } = policy.policy.explain(before, requestFor('tools/call', 'bank_pay'), {}, NOW)
  assert.equal(because, 'denied: service:demo was let in when its grants did not give bank:pay, or with less')
})

test('every grant of the caller is there, and whether it counts', () => {
  const { grants, roles } = explain('user:bob', 'bank_pay')
  assert.deepEqual(grants, [
    {
      where: 'grants[3]',
      subject: 'user: bob',
      roles: ['boss'],
      when: {
        source: 'auth.mfaAge < duration("5m")',
        truth: 'error',
        steps: [
          { source: 'auth.mfaAge < duration("5m")', value: 'error: auth.mfaAge is missing' },
          { source: 'auth.mfaAge', value: 'error: auth.mfaAge is missing' },
        ],
      },
      counts: false,
    },
  ])
  assert.deepEqual(roles, [])
  const counting = explain('user:carol', 'bank_pay', { args: { amount: 1 } })
  assert.deepEqual(counting.roles, ['boss', 'reader'])
  assert.deepEqual(
    counting.grants.map(({ where, subject, counts }) => [where, subject, counts]),
    [['grants[4]', 'group: ops', true]],
  )
})

test('every rule that concerns it is there, those that decide first', () => {
  const { rules, limits, permission } = explain('user:carol', 'files_write', {
    args: { path: '/srv/share/x', size: 11 },
  })
  assert.deepEqual(
    rules.map(({ name, effect, mode, matches, decides }) => [name, effect, mode, matches, decides]),
    [
      ['small', 'deny', 'enforce', true, true],
      ['share', 'deny', 'enforce', false, false],
      ['fresh', 'step-up', 'enforce', true, false],
    ],
  )
  assert.deepEqual(
    limits.map(({ limit }) => limit),
    ['limits[0]'],
  )
  assert.deepEqual(permission, { needed: 'files:write', held: true, cutByCeiling: false })
})

test('a rule in shadow is there, and decides nothing', () => {
  const { rules, decision } = explain('service:demo', 'bank_pay', { args: { amount: 1 } })
  assert.deepEqual(decision.shadow, ['try'])
  assert.deepEqual(
    rules.map(({ name, mode, matches, decides }) => [name, mode, matches, decides]),
    [
      ['pay', 'enforce', false, false],
      ['try', 'shadow', true, false],
    ],
  )
})

test('what hides is of lists alone', () => {
  assert.deepEqual(explain('agent:x', 'ping').rules, [])
  assert.equal(explain('agent:x', 'ping', { action: 'tools/list', args: UNKNOWN }).rules.length, 1)
})

test('a ceiling that cuts is told from a permission that is not there', () => {
  const proofs = { ceilings: [['files:*']] }
  assert.deepEqual(explain('service:demo', 'bank_pay', { proofs }).permission, {
    needed: 'bank:pay',
    held: false,
    cutByCeiling: true,
  })
  assert.deepEqual(explain('user:alice', 'bank_pay', { proofs }).permission, {
    needed: 'bank:pay',
    held: false,
    cutByCeiling: false,
  })
})

test('the right to everything is not the first thing to offer for one permission', () => {
  const text = TEXT.replace('permissions: [ "bank:*", "files:write" ]', 'permissions: [ "*" ]')
  assert.deepEqual(
    explain('user:alice', 'bank_pay', { text }).nearest.map(({ sentence }) => sentence),
    [
      'give bank:pay to a role, and that role to user:alice: only roles that may do everything have it',
      'grant "boss" to user:alice: it has bank:pay',
    ],
  )
})

test('a grant that is offered does what it says', () => {
  for (const id of ['agent:x', 'user:alice'] as const)
    for (const { kind, sentence } of explain(id, 'bank_pay').nearest) {
      assert.equal(kind, 'grant')
      const [, role = '', who = ''] = /^grant "(.*)" to (\w+:\w+):/.exec(sentence) ?? []
      const text = `${TEXT}  - { ${who.replace(':', ': ')}, roles: [ ${role} ] }\n`
      assert.notEqual(explain(id, 'bank_pay', { text, args: { amount: 1 } }).decision.kind, 'deny')
    }
})
