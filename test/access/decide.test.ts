import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNKNOWN, type Action, type Arguments, type Decision } from '../../src/access/decision.ts'
import type { Proofs } from '../../src/auth/context.ts'
import { contextIn, proofsOf, read, requestFor } from '../support/access.ts'

const NOW = 10_000_000

/** A policy in which everybody who is named may do everything, with these rules. */
function policyText(rules: readonly string[], more = ''): string {
  const section =
    rules.length === 0 ? 'rules: []' : `rules:\n${rules.map((rule) => `  - { ${rule} }\n`).join('')}`
  return `version: 1
${section}
${more}roles:
  all: [ "*" ]
  boss: { includes: [ all ] }
groups:
  sre: [ "user:alice", "service:owned" ]
grants:
  - { user: alice, roles: [ all ] }
  - { user: bob, roles: [ boss ] }
  - { service: demo, attributes: { team: red }, roles: [ all ] }
  - { service: owned, owner: "user:alice", roles: [ all ] }
  - { agent: triage, roles: [ all ] }
`
}

interface Asked {
  readonly who?: string
  readonly proofs?: Partial<Proofs>
  readonly action?: Action
  readonly what?: string
  readonly args?: Arguments
  readonly now?: number
  readonly more?: string
}

function decide(rules: readonly string[], asked: Asked = {}): Decision {
  const { who = 'user:alice', action = 'tools/call', what = 'files_read', now = NOW, more } = asked
  const args = asked.args ?? (action.endsWith('list') || action.startsWith('comp') ? UNKNOWN : {})
  const policy = read(policyText(rules, more))
  const context = contextIn(policy, proofsOf(who, asked.proofs), now)
  return policy.policy.decide(context, requestFor(action, what), args, now)
}

/** In a few words: `allow`, `deny no_permission`, `deny denied_by_rule x`, `needs x y`, `depends`; then who is in shadow. */
function inWords(decision: Decision): string {
  const words: Record<Decision['kind'], () => readonly (string | null)[]> = {
    allow: () => [],
    deny: () => (decision.kind === 'deny' ? [decision.reason, decision.rule] : []),
    needs: () => (decision.kind === 'needs' ? decision.needs.map(({ rule }) => rule) : []),
    depends: () => [],
  }
  const said = [decision.kind, ...words[decision.kind]().filter((word) => word !== null)]
  return [...said, ...decision.shadow.map((rule) => `(${rule})`)].join(' ')
}

function check(cases: readonly (readonly [string, readonly string[], Asked, string])[]): void {
  for (const [what, rules, asked, expected] of cases) {
    const decision = decide(rules, asked)
    assert.equal(inWords(decision), expected, what)
  }
}

const DENY = 'name: no, effect: deny, tools: [ "files_*" ]'

test('a deny rule that matches wins over everything; without a condition it matches always', () => {
  check([
    ['no rule', [], {}, 'allow'],
    ['always', [DENY], {}, 'deny denied_by_rule no'],
    ['true', [`${DENY}, when: "args.path == 'a'"`], { args: { path: 'a' } }, 'deny denied_by_rule no'],
    ['false', [`${DENY}, when: "args.path == 'a'"`], { args: { path: 'b' } }, 'allow'],
    [
      'before what is asked for',
      ['name: ask, effect: approve, tools: [ "*" ], by: { role: boss }, priority: 1000', DENY],
      {},
      'deny denied_by_rule no',
    ],
    [
      'the first in the file is named',
      [
        `${DENY}, when: "args.path == 'x'"`,
        'name: b, effect: deny, tools: [ "*" ]',
        'name: c, effect: deny, tools: [ "*" ]',
      ],
      { args: { path: 'a' } },
      'deny denied_by_rule b',
    ],
  ])
})

test('what cannot be evaluated counts as matched in every rule', () => {
  const when = 'when: "args.path == \'a\'"'
  check([
    ['deny', [`${DENY}, ${when}`], {}, 'deny denied_by_rule no'],
    ['step-up', [`name: up, effect: step-up, within: 5m, tools: [ "files_*" ], ${when}`], {}, 'needs up'],
    [
      'approve',
      [`name: ok, effect: approve, by: { role: boss }, tools: [ "files_*" ], ${when}`],
      {},
      'needs ok',
    ],
    [
      'hide',
      ['name: hid, effect: hide, tools: [ "*" ], when: "auth.mfaAge < duration(\'5m\')"'],
      { action: 'tools/list' },
      'deny denied_by_rule hid',
    ],
    [
      'a missing proof',
      [`${DENY}, when: "!cidr(auth.address, '10.0.0.0/8')"`],
      { args: {} },
      'deny denied_by_rule no',
    ],
  ])
})

test('a rule concerns what one of its patterns matches', () => {
  check([
    ['another name', ['name: no, effect: deny, tools: [ "bank_*" ]'], {}, 'allow'],
    [
      'one of several',
      ['name: no, effect: deny, tools: [ "bank_*", "*_read" ]'],
      {},
      'deny denied_by_rule no',
    ],
    ['another kind', ['name: no, effect: deny, prompts: [ "*" ], resources: [ "**" ]'], {}, 'allow'],
    [
      'a prompt',
      ['name: no, effect: deny, prompts: [ "sum*" ]'],
      { action: 'prompts/get', what: 'summarize' },
      'deny denied_by_rule no',
    ],
    [
      'a URI',
      ['name: no, effect: deny, resources: [ "note://secret-*" ]'],
      { action: 'resources/read', what: 'note://secret-1' },
      'deny denied_by_rule no',
    ],
    [
      'another URI of the same family',
      ['name: no, effect: deny, resources: [ "note://secret-*" ]'],
      { action: 'resources/read', what: 'note://open' },
      'allow',
    ],
    [
      'one star stays within a segment',
      ['name: no, effect: deny, resources: [ "file:///srv/*" ]'],
      { action: 'resources/read', what: 'file:///srv/a/b' },
      'allow',
    ],
    [
      'two stars do not',
      ['name: no, effect: deny, resources: [ "file:///srv/**" ]'],
      { action: 'resources/read', what: 'file:///srv/a/b' },
      'deny denied_by_rule no',
    ],
  ])
})

test('another spelling of a URI is the same resource', () => {
  const no = 'deny denied_by_rule no'
  const rule = (pattern: string): readonly string[] => [`name: no, effect: deny, resources: [ "${pattern}" ]`]
  const ask = (what: string): Asked => ({ action: 'resources/read', what })
  check([
    ['percent-encoded', rule('note://secret-*'), ask('note://%73ecret-1'), no],
    ['in the pattern', rule('note://a%20b'), ask('note://%61%20b'), no],
    ['as the pattern has it', rule('note://a%20b'), ask('note://a%20b'), no],
    ['a slash that is none', rule('note://*'), ask('note://a%2Fb'), no],
    ['not well encoded', rule('note://a%'), ask('note://a%'), no],
    ['dots', rule('file:///etc/**'), ask('file:///srv/../etc/passwd'), no],
    ['dots in disguise', rule('file:///etc/**'), ask('file:///srv/%2e%2E/etc/./passwd'), no],
    ['dots at the end', rule('file:///etc/'), ask('file:///etc/ssl/..'), no],
    ['doubled slashes', rule('file:///etc/**'), ask('file:////etc//passwd'), no],
    ['doubled slashes before dots', rule('file:///etc/*'), ask('file:///etc/a//../passwd'), no],
    ['slashes of Windows', rule('file:///etc/**'), ask('file:///srv%5C..%5Cetc%5Cpasswd'), no],
    ['dots lead out of no authority', rule('note://a/b'), ask('note://a/../../b'), no],
    ['another', rule('file:///etc/**'), ask('file:///etc/../srv/a'), no],
    ['no dots', rule('file:///etc/**'), ask('file:///srv/..etc/a'), 'allow'],
  ])
})

test('a family is spoken of by whatever leads out of it', () => {
  const inputSchema = { type: 'object', properties: { path: { type: 'string' } } }
  const family = {
    kind: 'resource' as const,
    name: 'file:///srv/{+path}',
    permission: 'authenticated' as const,
  }
  const { policy } = read(policyText(['name: no, effect: deny, resources: [ "file:///etc/**" ]']), [
    { ...family, upstream: null, annotations: null, inputSchema },
  ])
  const context = { ...proofsOf('user:alice'), ...policy.rightsOf(proofsOf('user:alice'), NOW) }
  const answer = (resource: string): Decision =>
    policy.decide(
      { ...context, credential: '', expiresAt: 1 },
      {
        action: 'resources/read',
        kind: 'resource',
        resource,
        entry: family.name,
        permission: 'authenticated',
      },
      {},
      NOW,
    )
  assert.equal(answer('file:///srv/../etc/passwd').kind, 'deny')
  assert.equal(answer('file:///srv/a').kind, 'allow')
})

test('a rule concerns whom one of its patterns means, with inherited roles; nobody named is everybody', () => {
  const rule = (principals: string): readonly string[] => [`${DENY}, principals: [ ${principals} ]`]
  const no = 'deny denied_by_rule no'
  check([
    ['by name', rule('"user:alice"'), {}, no],
    ['another kind', rule('"service:alice"'), {}, 'allow'],
    ['all of a kind', rule('"user:*"'), {}, no],
    ['a part of the name', rule('"user:al*"'), {}, no],
    ['any of several', rule('"agent:*", "user:b*"'), { who: 'user:bob' }, no],
    ['by role', rule('"role:all"'), {}, no],
    ['by an inherited role', rule('"role:all"'), { who: 'user:bob' }, no],
    ['not by a role that inherits', rule('"role:boss"'), {}, 'allow'],
    ['by group', rule('"group:sre"'), { who: 'service:owned' }, no],
    ['of no group', rule('"group:sre"'), { who: 'user:bob' }, 'allow'],
  ])
  const foreign = read(
    `version: 1\nrules:\n  - { ${DENY}, principals: [ "service:*" ] }\nroles: { all: [ "*" ] }\n` +
      'grants:\n  - { service: corp.example/ns/x, roles: [ all ] }\n',
  )
  const context = contextIn(foreign, proofsOf('service:corp.example/ns/x'))
  assert.equal(inWords(foreign.policy.decide(context, requestFor('tools/call', 'files_read'), {}, NOW)), no)
})

test('a rule concerns the methods that it names, and lists go by what may be done', () => {
  const rule = (...methods: string[]): readonly string[] => [
    `name: no, effect: deny, tools: [ "*" ], prompts: [ "*" ], resources: [ "**" ], methods: [ ${methods.join(', ')} ]`,
  ]
  const [note, no] = ['note://a', 'deny denied_by_rule no']
  check([
    ['named', rule('tools/call'), {}, no],
    ['another', rule('prompts/get'), {}, 'allow'],
    ['read', rule('resources/read'), { action: 'resources/read', what: note }, no],
    ['subscribe', rule('resources/read'), { action: 'resources/subscribe', what: note }, 'allow'],
    ['complete', rule('completion/complete'), { action: 'completion/complete', what: 'summarize' }, no],
    ['a list promises the call', rule('tools/call'), { action: 'tools/list' }, no],
    [
      'and no completion',
      rule('completion/complete'),
      { action: 'prompts/list', what: 'summarize' },
      'allow',
    ],
    ['resources are read', rule('resources/read'), { action: 'resources/list', what: note }, no],
    [
      'not only subscribed to',
      rule('resources/subscribe'),
      { action: 'resources/list', what: note },
      'allow',
    ],
    [
      'templates too',
      rule('resources/read'),
      { action: 'resources/templates/list', what: 'note://{id}' },
      no,
    ],
    [
      'without methods all',
      [`${DENY}, prompts: [ "*" ]`],
      { action: 'completion/complete', what: 'summarize' },
      no,
    ],
  ])
})

test('the second factor of a role comes first, then the permission, then rules', () => {
  const text = `version: 1
rules:
  - { ${DENY} }
roles:
  strict: { permissions: [ "files:read" ], mfa: required }
  sub: { includes: [ strict ], permissions: [ "bank:*" ] }
grants:
  - { user: alice, roles: [ strict ] }
  - { user: bob, roles: [ sub ] }
  - { service: demo, roles: [ sub ] }
`
  const policy = read(text)
  const ask = (who: string, what: string, proofs: Partial<Proofs> = {}): string => {
    const context = contextIn(policy, proofsOf(who, proofs))
    return inWords(policy.policy.decide(context, requestFor('tools/call', what), {}, NOW))
  }
  assert.equal(ask('user:alice', 'files_read'), 'deny second_factor_required')
  assert.equal(ask('user:alice', 'ping'), 'deny second_factor_required')
  assert.equal(ask('user:bob', 'bank_pay'), 'deny second_factor_required', 'inherited')
  assert.equal(ask('user:alice', 'files_write', { mfaAt: 1 }), 'deny no_permission')
  assert.equal(ask('user:alice', 'files_read', { mfaAt: 1 }), 'deny denied_by_rule no')
  assert.equal(ask('service:demo', 'files_read'), 'deny denied_by_rule no', 'asked of people alone')
})

test('a step-up within a time is met by a second factor that is young enough', () => {
  const rule = ['name: up, effect: step-up, tools: [ "*" ], within: 5m']
  check([
    ['never', rule, {}, 'needs up'],
    ['just now', rule, { proofs: { mfaAt: NOW } }, 'allow'],
    ['at the last moment', rule, { proofs: { mfaAt: NOW - 300_000 } }, 'allow'],
    ['too long ago', rule, { proofs: { mfaAt: NOW - 300_001 } }, 'needs up'],
  ])
  const decision = decide(rule)
  assert.ok(decision.kind === 'needs')
  assert.deepEqual(decision.needs, [{ kind: 'second_factor', rule: 'up', within: 300_000 }])
})

test('a step-up by certificate is met by one that fits, and is asked of anybody', () => {
  const rule = (pattern: string): readonly string[] => [
    `name: up, effect: step-up, tools: [ "*" ], certificate: ${pattern}`,
  ]
  const corp = { uri: 'spiffe://corp/user/alice', issuer: 'CN=Corp CA' }
  check([
    ['none', rule('{}'), {}, 'needs up'],
    ['none of a service', rule('{}'), { who: 'service:demo' }, 'needs up'],
    ['any', rule('{}'), { proofs: { certificate: corp } }, 'allow'],
    ['uri', rule('{ uri: "spiffe://corp/**" }'), { proofs: { certificate: corp } }, 'allow'],
    ['another uri', rule('{ uri: "spiffe://corp/*" }'), { proofs: { certificate: corp } }, 'needs up'],
    ['no uri', rule('{ uri: "**" }'), { proofs: { certificate: { ...corp, uri: null } } }, 'needs up'],
    ['issuer', rule('{ issuer: "CN=Corp CA" }'), { proofs: { certificate: corp } }, 'allow'],
    ['a part of the issuer', rule('{ issuer: "CN=Corp*" }'), { proofs: { certificate: corp } }, 'needs up'],
    ['one of both', rule('{ uri: "**", issuer: "CN=Other" }'), { proofs: { certificate: corp } }, 'needs up'],
  ])
  const decision = decide(rule('{ uri: "spiffe://**" }'))
  assert.ok(decision.kind === 'needs')
  assert.deepEqual(decision.needs, [{ kind: 'certificate', rule: 'up', uri: 'spiffe://**', issuer: null }])
})

test('an approval is always still to be given, and says whose yes counts', () => {
  const rule = ['name: ok, effect: approve, tools: [ "*" ], by: { role: boss }']
  const person = decide(rule)
  assert.ok(person.kind === 'needs')
  assert.deepEqual(person.needs, [{ kind: 'approval', rule: 'ok', by: { role: 'boss' }, owner: null }])
  const service = decide(rule, { who: 'service:owned' })
  assert.ok(service.kind === 'needs')
  assert.deepEqual(service.needs, [
    { kind: 'approval', rule: 'ok', by: { role: 'boss' }, owner: 'user:alice' },
  ])
})

test('what a caller can never bring denies it', () => {
  const factor = 'name: up, effect: step-up, tools: [ "*" ], within: 5m'
  const approval = 'name: ok, effect: approve, tools: [ "*" ], by: { role: boss }'
  check([
    ['a second factor of a service', [factor], { who: 'service:demo' }, 'deny need_cannot_be_met up'],
    ['a second factor of an agent', [factor], { who: 'agent:triage' }, 'deny need_cannot_be_met up'],
    ['an approval of what has no owner', [approval], { who: 'service:demo' }, 'deny need_cannot_be_met ok'],
    [
      'by priority',
      [factor, `${approval}, priority: 1`],
      { who: 'service:demo' },
      'deny need_cannot_be_met ok',
    ],
    ['one of two', [approval, factor], { who: 'service:owned' }, 'deny need_cannot_be_met up'],
  ])
})

test('priority orders what is asked for, then the file does; it changes nothing else', () => {
  const step = (name: string, more = ''): string =>
    `name: ${name}, effect: step-up, tools: [ "*" ], within: 5m${more}`
  check([
    ['file', [step('a'), step('b')], {}, 'needs a b'],
    ['priority', [step('a'), step('b', ', priority: 1')], {}, 'needs b a'],
    ['below', [step('a', ', priority: -1'), step('b'), step('c')], {}, 'needs b c a'],
    [
      'across effects',
      [step('a'), 'name: ok, effect: approve, tools: [ "*" ], by: { role: boss }, priority: 5'],
      {},
      'needs ok a',
    ],
    ['what is met is not asked', [step('a'), step('b')], { proofs: { mfaAt: NOW } }, 'allow'],
  ])
})

test('hide leaves a thing out of lists, and no call is decided by it', () => {
  const hide = 'name: tidy, effect: hide, tools: [ "*" ], resources: [ "note://**" ]'
  check([
    ['list', [hide], { action: 'tools/list' }, 'deny denied_by_rule tidy'],
    ['call', [hide], {}, 'allow'],
    ['resources', [hide], { action: 'resources/list', what: 'note://a' }, 'deny denied_by_rule tidy'],
    [
      'templates',
      [hide],
      { action: 'resources/templates/list', what: 'note://{id}' },
      'deny denied_by_rule tidy',
    ],
    ['read', [hide], { action: 'resources/read', what: 'note://a' }, 'allow'],
    ['completion', [hide], { action: 'completion/complete', what: 'note://{id}' }, 'allow'],
    ['false', [`${hide}, when: "principal.kind == 'service'"`], { action: 'tools/list' }, 'allow'],
    ['with deny, in the order of the file', [DENY, hide], { action: 'tools/list' }, 'deny denied_by_rule no'],
  ])
})

test('a list is decided without arguments: only what no arguments allow is left out', () => {
  const list = { action: 'tools/list' } as const
  check([
    ['unknown', [`${DENY}, when: "args.path == 'a'"`], list, 'depends'],
    ['true whatever they are', [`${DENY}, when: "args.path == 'a' || true"`], list, 'deny denied_by_rule no'],
    ['false whatever they are', [`${DENY}, when: "args.path == 'a' && false"`], list, 'allow'],
    ['needs', ['name: up, effect: step-up, tools: [ "*" ], within: 5m'], list, 'needs up'],
    [
      'needs, maybe',
      ['name: up, effect: step-up, tools: [ "files_*" ], within: 5m, when: "args.path == \'a\'"'],
      list,
      'depends',
    ],
    [
      'what can never be met',
      ['name: up, effect: step-up, tools: [ "*" ], within: 5m'],
      { ...list, who: 'service:demo' },
      'deny need_cannot_be_met up',
    ],
    [
      'what can never be met, maybe',
      ['name: up, effect: step-up, tools: [ "files_*" ], within: 5m, when: "args.path == \'a\'"'],
      { ...list, who: 'service:demo' },
      'depends',
    ],
    [
      'a definite no behind a maybe',
      [`${DENY}, when: "args.path == 'a'"`, 'name: b, effect: deny, tools: [ "files_*" ]'],
      list,
      'deny denied_by_rule b',
    ],
  ])
})

test('of a family a pattern may mean some: then it is listed', () => {
  const list = { action: 'resources/templates/list', what: 'note://{id}' } as const
  const rule = (...patterns: string[]): readonly string[] => [
    `name: no, effect: deny, resources: [ ${patterns.map((one) => `"${one}"`).join(', ')} ]`,
  ]
  check([
    ['some', rule('note://secret-*'), list, 'depends'],
    ['all', rule('note://**'), list, 'deny denied_by_rule no'],
    ['all and more', rule('**'), list, 'deny denied_by_rule no'],
    ['none', rule('file://**'), list, 'allow'],
    ['one star may not be all: there may be a segment more', rule('note://*'), list, 'depends'],
    ['one of several', rule('note://a', 'note:**'), list, 'deny denied_by_rule no'],
    ['some that do not match', [`${rule('note://a')[0]}, when: "1 > 2"`], list, 'allow'],
    ['one of it', rule('note://a'), { action: 'resources/list', what: 'note://a' }, 'deny denied_by_rule no'],
    ['another of it', rule('note://a'), { action: 'resources/list', what: 'note://b' }, 'allow'],
  ])
})

test('a rule in shadow never decides; it is named where it alone would have', () => {
  const shadow = (rule: string): string => `${rule}, mode: shadow`
  const up = 'name: up, effect: step-up, tools: [ "*" ], within: 5m'
  check([
    ['deny', [shadow(DENY)], {}, 'allow (no)'],
    ['false', [shadow(`${DENY}, when: "1 > 2"`)], {}, 'allow'],
    ['error', [shadow(`${DENY}, when: "args.path == 'a'"`)], {}, 'allow (no)'],
    ['a need', [shadow(up)], {}, 'allow (up)'],
    ['a need that is met', [shadow(up)], { proofs: { mfaAt: NOW } }, 'allow'],
    [
      'one need more',
      [up, shadow('name: more, effect: step-up, tools: [ "*" ], within: 1m')],
      {},
      'needs up (more)',
    ],
    ['denied anyway', [DENY, shadow('name: b, effect: deny, tools: [ "*" ]')], {}, 'deny denied_by_rule no'],
    [
      'before the one that denies',
      [shadow('name: b, effect: deny, tools: [ "*" ]'), DENY],
      {},
      'deny denied_by_rule no',
    ],
    ['in the order of the file', [shadow(up), shadow(DENY)], {}, 'allow (up) (no)'],
    ['hide, of a call', [shadow('name: h, effect: hide, tools: [ "*" ]')], {}, 'allow'],
    [
      'hide, of a list',
      [shadow('name: h, effect: hide, tools: [ "*" ]')],
      { action: 'tools/list' },
      'allow (h)',
    ],
    [
      'a maybe of a list',
      [shadow(`${DENY}, when: "args.path == 'a'"`)],
      { action: 'tools/list' },
      'allow (no)',
    ],
    [
      'two maybes of a list are one',
      [
        `${DENY}, when: "args.path == 'a'"`,
        shadow('name: b, effect: deny, tools: [ "files_*" ], when: "args.path == \'b\'"'),
      ],
      { action: 'tools/list' },
      'depends',
    ],
  ])
})

test('limits go with what is allowed or asked for, and count calls alone', () => {
  const more = `limits:
  - { role: all, tools: [ "files_*" ], rate: 60/m }
  - { principal: "service:*", tools: [ "*" ], rate: 1/s }
  - { group: sre, tools: [ "*" ], resources: [ "note://a*" ], rate: 10/h }
  - { tools: [ "bank_*" ], rate: 5/d }
  - { role: all, tools: [ "files_*" ], rate: 60/m }
`
  const limits = (asked: Asked, rules: readonly string[] = []): readonly string[] => {
    const decision = decide(rules, { ...asked, more })
    return 'limits' in decision ? decision.limits.map(({ limit }) => limit) : []
  }
  assert.deepEqual(limits({}), ['limits[0]', 'limits[2]', 'limits[4]'])
  assert.deepEqual(limits({ who: 'user:bob' }), ['limits[0]', 'limits[4]'])
  assert.deepEqual(limits({ who: 'service:demo', what: 'bank_pay' }), ['limits[1]', 'limits[3]'])
  assert.deepEqual(limits({ action: 'resources/read', what: 'note://abc' }), ['limits[2]'])
  assert.deepEqual(limits({ action: 'resources/subscribe', what: 'note://abc' }), ['limits[2]'])
  assert.deepEqual(limits({ action: 'resources/read', what: 'note://b' }), [])
  assert.deepEqual(limits({ action: 'tools/list' }), [])
  assert.deepEqual(limits({ action: 'completion/complete', what: 'note://{id}' }), [])
  assert.deepEqual(limits({}, [DENY]), [])
  assert.deepEqual(limits({ who: 'user:bob' }, ['name: up, effect: step-up, tools: [ "*" ], within: 5m']), [
    'limits[0]',
    'limits[4]',
  ])
})

test('counters have the same name in every policy that has the limit, and one of their own if it is there twice', () => {
  const counters = (more: string): readonly unknown[] => {
    const decision = decide([], { more })
    return 'limits' in decision
      ? decision.limits.map(({ counter, points, seconds }) => [counter, points, seconds])
      : []
  }
  const [first] = counters('limits:\n  - { role: all, tools: [ "files_*", "ping" ], rate: 60/m }\n')
  const [other, again, twice] = counters(
    'limits:\n  - { tools: [ "*" ], rate: 60/m }\n  - { role: all, tools: [ "ping", "files_*" ], rate: 60/m }\n  - { role: all, tools: [ "ping", "files_*" ], rate: 60/m }\n',
  )
  assert.deepEqual(again, first)
  assert.notDeepEqual(other, first)
  assert.notDeepEqual(twice, first)
})

test('a rule about a role concerns a caller from the moment on that he has it', () => {
  const policy = read(`version: 1
rules:
  - { name: no, effect: deny, tools: [ ping ], principals: [ "role:late" ] }
roles: { late: [], all: [ "*" ] }
grants:
  - { user: alice, roles: [ all ] }
  - { user: alice, when: 'auth.age > duration("1h")', roles: [ late ] }
`)
  const context = contextIn(policy, proofsOf('user:alice'))
  const answer = (now: number): string =>
    inWords(policy.policy.decide(context, requestFor('tools/call', 'ping'), {}, now))
  assert.deepEqual([2000, NOW, 2000].map(answer), ['allow', 'deny denied_by_rule no', 'allow'])
})

test('conditions see who asks, by what, and what is asked for', () => {
  const when = (condition: string, asked: Asked = {}): string =>
    inWords(decide([`${DENY}, when: '${condition}'`], asked))
  const [no, yes] = ['deny denied_by_rule no', 'allow']
  assert.equal(when('principal.id == "user:alice" && principal.kind == "user"'), no)
  assert.equal(when('principal.attributes.team == "red"', { who: 'service:demo' }), no)
  assert.equal(when('principal.attributes.team == "red"'), no, 'missing is an error')
  assert.equal(when('"boss" in principal.roles', { who: 'user:bob' }), no)
  assert.equal(when('"boss" in principal.roles'), yes)
  assert.equal(when('tool.name == "files_read"'), no)
  assert.equal(when('tool.name == "files_read"', { what: 'files_write' }), yes)
  assert.equal(when('cidr(auth.address, "10.0.0.0/8")', { proofs: { address: '10.1.2.3' } }), no)
  assert.equal(when('cidr(auth.address, "10.0.0.0/8")', { proofs: { address: '11.1.2.3' } }), yes)
  assert.equal(when('now.hour("UTC") == 2'), no)
  const resource = [`name: no, effect: deny, resources: [ "**" ], when: 'resource == "note://a"'`]
  assert.equal(inWords(decide(resource, { action: 'resources/read', what: 'note://a' })), no)
  assert.equal(inWords(decide(resource, { action: 'resources/read', what: 'note://b' })), yes)
  assert.equal(
    inWords(decide(resource, { action: 'resources/templates/list', what: 'note://{id}' })),
    'depends',
  )
})

test('what the surface does not have is decided by the same rules, on whatever arguments it has', () => {
  const rules = [
    `name: no, effect: deny, tools: [ "files_*" ], when: "args.path == '/etc' || args.other == 1"`,
  ]
  const { policy } = read(policyText(rules), [])
  const context = contextIn(
    { policy, document: read(policyText([])).document, warnings: [] },
    proofsOf('user:alice'),
  )
  const ask = (args: Arguments): string =>
    inWords(policy.decide(context, requestFor('tools/call', 'files_read'), args, NOW))
  assert.equal(ask({ path: '/etc' }), 'deny denied_by_rule no')
  assert.equal(ask({ path: 'a', other: 2 }), 'allow')
  assert.equal(ask({ path: 'a' }), 'deny denied_by_rule no')
  assert.equal(ask(UNKNOWN), 'depends')
})

test('all conditions of a decision together cost no more than some of them; what is over is matched', () => {
  const searching = (count: number, mode: string): readonly string[] =>
    Array.from(
      { length: count },
      (_, n) =>
        `name: s${n}, mode: ${mode}, effect: deny, tools: [ "files_*" ], when: args.path.contains("needle${n}")`,
    )
  const path = 'n'.repeat(3_000_000)
  const last = `name: last, effect: deny, tools: [ "files_*" ], when: args.path.contains("x")`
  check([
    ['a few', searching(4, 'enforce'), { args: { path } }, 'allow'],
    ['many', searching(40, 'enforce'), { args: { path } }, 'deny denied_by_rule s6'],
    ['many on less', searching(40, 'enforce'), { args: { path: path.slice(0, 10_000) } }, 'allow'],
  ])
  // Rules in shadow use up nothing that others have.
  const shadowed = decide([...searching(40, 'shadow'), last], { args: { path } })
  assert.equal(shadowed.kind, 'allow')
  assert.deepEqual(shadowed.shadow.slice(0, 2), ['s6', 's7'])
})
