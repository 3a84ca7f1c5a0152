import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNKNOWN } from '../../src/access/decision.ts'
import type { ReadPolicy } from '../../src/access/read-policy.ts'
import type { Proofs } from '../../src/auth/context.ts'
import { contextIn, proofsOf, read, requestFor, SURFACE } from '../support/access.ts'

const policyWith = (rules: string, grants = ''): ReadPolicy =>
  read(`version: 1
${rules === '' ? 'rules: []' : `rules:\n${rules}`}
roles: { all: [ "*" ], some: [ "files:*" ], strict: { permissions: [ "*" ], mfa: required } }
grants:
  - { user: alice, roles: [ all ] }
  - { user: bob, roles: [ all ] }
  - { user: carol, roles: [ some ] }
  - { user: dave, roles: [ strict ] }
  - { service: owned, owner: "user:bob", roles: [ all ] }
  - { service: demo, roles: [ all ] }
${grants}`)

function keyOf(policy: ReadPolicy, id: string, more: Partial<Proofs> = {}, now = 1000): object | undefined {
  return policy.policy.listKey(contextIn(policy, proofsOf(id, more)), now)
}

/** Whether two callers see the same. */
function seen(policy: ReadPolicy, id: string, more: Partial<Proofs> = {}): string {
  const context = contextIn(policy, proofsOf(id, more))
  return SURFACE.filter(({ kind, name }) => {
    const action =
      kind === 'tool' ? 'tools/list' : kind === 'prompt' ? 'prompts/list' : 'resources/templates/list'
    return policy.policy.decide(context, requestFor(action, name), UNKNOWN, 1000).kind !== 'deny'
  })
    .map(({ name }) => name)
    .join()
}

test('without rules the key is that of the rights', () => {
  const policy = policyWith('')
  assert.ok(keyOf(policy, 'user:alice'))
  assert.equal(keyOf(policy, 'user:alice'), keyOf(policy, 'user:alice', {}, 99_999))
  assert.notEqual(keyOf(policy, 'user:alice'), keyOf(policy, 'user:carol'))
  const ceiling = ['files:read']
  assert.notEqual(keyOf(policy, 'user:alice'), keyOf(policy, 'user:alice', { ceilings: [ceiling] }))
  assert.equal(
    keyOf(policy, 'user:alice', { ceilings: [ceiling] }),
    keyOf(policy, 'user:alice', { ceilings: [ceiling] }),
  )
  assert.notEqual(keyOf(policy, 'user:dave'), keyOf(policy, 'user:dave', { mfaAt: 1 }))
})

test('another policy, and what the context was given by another, is another key', () => {
  const [one, other] = [policyWith(''), policyWith('')]
  const context = contextIn(one, proofsOf('user:alice'))
  assert.notEqual(one.policy.listKey(context, 1), other.policy.listKey(context, 1))
  const less = { ...context, permissions: contextIn(one, proofsOf('user:carol')).permissions }
  assert.notEqual(one.policy.listKey(context, 1), one.policy.listKey(less, 1))
})

test('a rule for some is another key for them; a condition on the caller makes it his own', () => {
  const named = policyWith('  - { name: no, effect: deny, tools: [ ping ], principals: [ "user:bob" ] }\n')
  assert.notEqual(keyOf(named, 'user:alice'), keyOf(named, 'user:bob'))
  const personal = policyWith(
    `  - { name: no, effect: deny, tools: [ ping ], when: 'principal.name == "bob"' }\n`,
  )
  assert.notEqual(keyOf(personal, 'user:alice'), keyOf(personal, 'user:bob'))
  assert.equal(keyOf(personal, 'user:bob'), keyOf(personal, 'user:bob'))
})

test('what can never be asked of a service is another key than what can', () => {
  const policy = policyWith('  - { name: ok, effect: approve, by: { role: all }, tools: [ ping ] }\n')
  assert.notEqual(keyOf(policy, 'service:owned'), keyOf(policy, 'service:demo'))
})

test('there is no key where time, address or the like decides', () => {
  const rule = (when: string): string => `  - { name: no, effect: deny, tools: [ ping ], when: '${when}' }\n`
  for (const when of ['now.hour("UTC") > 3', 'auth.age > duration("1h")', 'cidr(auth.address, "10.0.0.0/8")'])
    assert.equal(keyOf(policyWith(rule(when)), 'user:alice'), undefined, when)
  const shadow = policyWith(rule('now.hour("UTC") > 3').replace('effect', 'mode: shadow, effect'))
  assert.ok(keyOf(shadow, 'user:alice'), 'what is not enforced decides nothing')
  const others = policyWith(
    rule('now.hour("UTC") > 3').replace('effect', 'principals: [ "user:bob" ], effect'),
  )
  assert.ok(keyOf(others, 'user:alice'), 'what is about others decides nothing')
  const conditional = policyWith(
    '',
    `  - { user: alice, when: 'auth.age < duration("1h")', roles: [ some ] }\n`,
  )
  assert.equal(keyOf(conditional, 'user:alice'), undefined)
  assert.ok(keyOf(conditional, 'user:bob'))
})

test('the same key is the same lists', () => {
  const policies = [
    policyWith(''),
    policyWith('  - { name: no, effect: deny, tools: [ ping ], principals: [ "service:*", "role:some" ] }\n'),
    policyWith('  - { name: up, effect: step-up, within: 5m, tools: [ "files_*" ] }\n'),
    policyWith('  - { name: ok, effect: approve, by: { role: all }, resources: [ "note://**" ] }\n'),
    policyWith(`  - { name: no, effect: deny, tools: [ ping ], when: 'principal.kind == "user"' }\n`),
  ]
  const callers: readonly (readonly [string, Partial<Proofs>])[] = [
    'user:alice',
    'user:bob',
    'user:carol',
    'user:dave',
    'service:owned',
    'service:demo',
  ].flatMap((id) => [{}, { mfaAt: 900 }, { ceilings: [['files:read']] }].map((more) => [id, more] as const))
  let shared = 0
  for (const policy of policies) {
    const lists = new Map<object, string>()
    for (const [id, more] of callers) {
      const key = keyOf(policy, id, more)
      if (key === undefined) continue
      const list = seen(policy, id, more)
      if (lists.has(key)) shared++
      assert.equal(lists.get(key) ?? list, list, id)
      lists.set(key, list)
    }
  }
  assert.ok(shared >= 3, 'some share a key')
})
