import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patternsOf } from '../../src/access/permission.ts'
import type { Ceiling, Proofs, Rights } from '../../src/auth/context.ts'
import { contextIn, proofsOf, read, requestFor } from '../support/access.ts'

const POLICY = read(`version: 1
rules: []
roles:
  reader: [ "files:read" ]
  writer: { includes: [ reader ], permissions: [ "files:write" ] }
  payer: { permissions: [ "bank:pay" ], mfa: required }
  chief: { includes: [ writer, payer ] }
  known: [ "notes:read" ]
  ci: [ "files:*" ]
groups:
  sre: [ "user:alice", "service:pager" ]
grants:
  - { user: alice, when: 'auth.mfaAge < duration("8h")', roles: [ payer ] }
  - { group: sre, roles: [ writer ] }
  - { certificate: { uri: "spiffe://corp.example/ci/*", issuer: "CN=Corp CA" }, roles: [ ci ] }
  - { authenticated: true, roles: [ known ] }
  - { service: pager, owner: "user:alice", attributes: { team: red }, roles: [] }
  - { service: pager, when: 'principal.attributes.team == "red" && cidr(auth.address, "10.0.0.0/8")', roles: [ chief ] }
  - { user: bob, roles: [ chief ] }
  - { service: carol, roles: [ ci ] }
  - { service: dave, roles: [ ci ] }
  - { user: eve, when: 'auth.certificate.uri == "x"', roles: [ chief ] }
`)

function rightsOf(id: string, more: Partial<Proofs> = {}, now = 1000): Rights {
  return POLICY.policy.rightsOf(proofsOf(id, more), now)
}

const CI = { uri: 'spiffe://corp.example/ci/build', issuer: 'CN=Corp CA' }

test('grants by name, by group and to everybody add up, with the roles that they include', () => {
  assert.deepEqual(rightsOf('user:alice').roles, ['writer', 'reader', 'known'])
  assert.deepEqual(patternsOf(rightsOf('user:alice').permissions), [
    'files:write',
    'files:read',
    'notes:read',
  ])
  assert.deepEqual(rightsOf('service:pager').roles, ['writer', 'reader', 'known'])
  assert.deepEqual(rightsOf('user:bob').roles, ['known', 'chief', 'writer', 'reader', 'payer'])
  assert.deepEqual(rightsOf('agent:nobody').roles, ['known'])
  assert.deepEqual(rightsOf('agent:alice').roles, ['known'], 'another kind of the same name')
})

test('a grant to a certificate is of whoever presents one that fits', () => {
  assert.deepEqual(rightsOf('service:x', { certificate: CI }).roles, ['ci', 'known'])
  for (const certificate of [
    { ...CI, uri: 'spiffe://corp.example/ci/a/b' },
    { ...CI, issuer: 'CN=Corp CA,O=Other' },
    { ...CI, uri: null },
  ])
    assert.deepEqual(rightsOf('service:x', { certificate }).roles, ['known'])
})

test('a grant with a condition counts while it is true, and an error gives nothing', () => {
  const hours = 3_600_000
  const roles = (mfaAt: number | undefined, now: number): readonly string[] =>
    rightsOf('user:alice', mfaAt === undefined ? {} : { mfaAt }, now).roles
  assert.ok(roles(0, 8 * hours - 1).includes('payer'))
  assert.ok(!roles(0, 8 * hours).includes('payer'))
  assert.ok(!roles(undefined, 1).includes('payer'))
  assert.ok(!rightsOf('user:eve').roles.includes('chief'), 'no certificate to look at')
  assert.ok(rightsOf('user:eve', { certificate: { ...CI, uri: 'x' } }).roles.includes('chief'))
})

test('a condition of a grant sees attributes and address', () => {
  assert.ok(rightsOf('service:pager', { address: '10.9.9.9' }).roles.includes('chief'))
  assert.ok(!rightsOf('service:pager', { address: '11.9.9.9' }).roles.includes('chief'))
  assert.ok(!rightsOf('service:pager').roles.includes('chief'))
})

test('a second factor is asked for by roles that count, inherited ones too, of people alone', () => {
  assert.equal(rightsOf('user:bob').secondFactorRequired, true)
  assert.equal(rightsOf('user:alice').secondFactorRequired, false)
  assert.equal(rightsOf('user:alice', { mfaAt: 900 }).secondFactorRequired, true)
  assert.equal(rightsOf('service:pager', { address: '10.9.9.9' }).secondFactorRequired, false)
})

test('the same roles are the same rights, frozen, whoever has them, by whatever grants and whenever', () => {
  const ceiling: Ceiling = ['files:read']
  for (const [one, other] of [
    [rightsOf('agent:a'), rightsOf('service:b', {}, 5)],
    [rightsOf('service:carol'), rightsOf('service:dave')],
    [rightsOf('user:alice', { mfaAt: 900 }), rightsOf('user:alice', { mfaAt: 500 }, 2000)],
    [rightsOf('service:x', { certificate: CI }), rightsOf('agent:y', { certificate: { ...CI } })],
    [rightsOf('user:bob', { ceilings: [ceiling] }), rightsOf('user:bob', { ceilings: [ceiling] }, 5)],
  ] as const) {
    assert.equal(one, other)
    assert.ok(Object.isFrozen(one) && Object.isFrozen(one.roles))
  }
  assert.notEqual(rightsOf('user:nobody'), rightsOf('service:nobody'), 'of people more may be asked')
  assert.notEqual(rightsOf('user:bob', { ceilings: [ceiling] }), rightsOf('user:bob'))
})

test('an approval is given by a person who has the role now, with the second factor that it asks for', () => {
  const may = (id: string, role: string, more: Partial<Proofs> = {}, now = 1000): boolean =>
    POLICY.policy.mayApprove(proofsOf(id, more), role, now)
  assert.equal(may('user:bob', 'payer', { mfaAt: 900 }), true)
  assert.equal(may('user:bob', 'writer', { mfaAt: 900 }), true, 'inherited')
  assert.equal(may('user:bob', 'payer'), false, 'without a second factor')
  assert.equal(may('user:alice', 'payer', { mfaAt: 900 }), true)
  assert.equal(may('user:alice', 'payer', { mfaAt: 900 }, 90_000_000), false, 'no longer')
  assert.equal(may('user:alice', 'writer'), true)
  assert.equal(may('user:alice', 'chief', { mfaAt: 900 }), false)
  assert.equal(may('user:alice', 'no-such-role'), false)
  assert.equal(may('service:pager', 'writer'), false, 'no person')
  assert.equal(may('user:alice', 'writer', { ceilings: [['files:*']] }), false, 'not what the ceiling covers')
  assert.equal(may('user:alice', 'writer', { ceilings: [['*']] }), true)
})

test('rights of the moment decide, not those that the context was given', () => {
  const mfaAt = 0
  const context = contextIn(POLICY, proofsOf('user:alice', { mfaAt }), 1000)
  const decide = (now: number): string =>
    POLICY.policy.decide(context, requestFor('tools/call', 'bank_pay'), {}, now).kind
  assert.equal(decide(1000), 'allow')
  assert.equal(decide(90_000_000), 'deny')
})
