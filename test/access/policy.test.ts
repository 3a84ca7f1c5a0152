import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { UNKNOWN, type AccessRequest, type Policy } from '../../src/access/decision.ts'
import { allows, compilePermissions, patternsOf } from '../../src/access/permission.ts'
import { readPolicy } from '../../src/access/read-policy.ts'
import type { AuthContext, Ceiling, CompiledPermissions, Rights } from '../../src/auth/context.ts'
import { parsePrincipal } from '../../src/auth/principal.ts'
import type { Principal } from '../../src/auth/principal.ts'

const TEXT = `version: 1
rules: []
roles:
  reader: [ "notes:read", "time:read" ]
  writer: [ "notes:*" ]
grants:
  - { service: billing, roles: [ reader ] }
  - { user: alice, roles: [ reader, writer ] }
  - { service: billing, roles: [ writer, reader ] }
`

function policyOf(text: string): Policy {
  return readPolicy(text, 'access.yaml', []).policy
}

function principal(id: string): Principal {
  const parsed = parsePrincipal(id)
  assert.ok(parsed)
  return parsed
}

function rightsIn(policy: Policy, id: string, ceilings: readonly Ceiling[] = []): Rights {
  const proofs = { principal: principal(id), methods: ['certificate'] as const, authenticatedAt: 0, ceilings }
  return policy.rightsOf(proofs, 0)
}

function contextWith(permissions: CompiledPermissions): AuthContext {
  return {
    principal: principal('service:billing'),
    methods: ['certificate'],
    authenticatedAt: 0,
    roles: [],
    ceilings: [],
    permissions,
    credential: 'sha256:0',
    expiresAt: 1,
  }
}

function wanting(permission: AccessRequest['permission']): AccessRequest {
  return { action: 'tools/call', kind: 'tool', resource: 'tool', entry: 'tool', permission }
}

test('several grants of one principal add up, each role once', () => {
  const { roles, permissions } = rightsIn(policyOf(TEXT), 'service:billing')
  assert.deepEqual(roles, ['reader', 'writer'])
  assert.deepEqual(patternsOf(permissions), ['notes:read', 'time:read', 'notes:*'])
})

test('a principal of another kind with the same name, or without a grant, has nothing', () => {
  for (const id of ['user:billing', 'service:alice', 'service:billing2', 'agent:constructor']) {
    const { roles, permissions } = rightsIn(policyOf(TEXT), id)
    assert.deepEqual([roles, patternsOf(permissions)], [[], []])
  }
})

test('what a permission covers is allowed, everything else denied', () => {
  const policy = policyOf(TEXT)
  const context = contextWith(compilePermissions(['notes:*']))
  assert.deepEqual(policy.decide(context, wanting('notes:read'), UNKNOWN, 0), {
    kind: 'allow',
    limits: [],
    shadow: [],
  })
  assert.deepEqual(policy.decide(context, wanting('time:read'), {}, 0), {
    kind: 'deny',
    reason: 'no_permission',
    rule: null,
    shadow: [],
  })
})

test('what needs only authentication is allowed to who has nothing', () => {
  const context = contextWith(compilePermissions([]))
  assert.equal(policyOf(TEXT).decide(context, wanting('authenticated'), UNKNOWN, 0).kind, 'allow')
})

test('the decision goes by the permissions of the context, and forged ones allow nothing', () => {
  const forged: CompiledPermissions = JSON.parse('{"patterns":["*"],"everything":true}')
  const context = { ...contextWith(forged), roles: ['reader', 'writer'] }
  assert.equal(policyOf(TEXT).decide(context, wanting('notes:read'), UNKNOWN, 0).kind, 'deny')
})

test('a tool that asks for a wildcard is denied to everybody', () => {
  const context = contextWith(compilePermissions(['*']))
  assert.equal(policyOf(TEXT).decide(context, wanting('notes:*'), UNKNOWN, 0).kind, 'deny')
})

test('policy and rights are frozen, and carry the digest', () => {
  const policy = policyOf(TEXT)
  assert.equal(policy.digest, `sha256:${createHash('sha256').update(TEXT).digest('hex')}`)
  const rights = rightsIn(policy, 'user:alice')
  assert.ok(Object.isFrozen(policy) && Object.isFrozen(rights) && Object.isFrozen(rights.roles))
})

test('with ceilings nothing is allowed that is not allowed without, whatever the context was given', () => {
  const policy = policyOf(TEXT)
  const words = fc.constantFrom('notes', 'time', 'read', 'write')
  const wanted = fc.tuple(words, words).map(([area, verb]): `${string}:${string}` => `${area}:${verb}`)
  const patterns = fc.array(
    fc.oneof(
      wanted,
      words.map((area) => `${area}:*`),
      words.map((verb) => `*:${verb}`),
      fc.constantFrom('*', '', '**'),
    ),
  )
  fc.assert(
    fc.property(wanted, fc.array(patterns, { maxLength: 3 }), patterns, (permission, ceilings, given) => {
      const context = contextWith(compilePermissions(given))
      const decide = (more: Partial<AuthContext>) =>
        policy.decide({ ...context, ...more }, wanting(permission), UNKNOWN, 0).kind
      const within = ceilings.every((ceiling) => allows(compilePermissions(ceiling), permission))
      // The context was made without its ceilings: the decision counts them all the same.
      assert.equal(decide({ ceilings }), within ? decide({}) : 'deny')
    }),
    { numRuns: 1000 },
  )
})

test('a ceiling takes permissions away and leaves the roles', () => {
  const { roles, permissions } = rightsIn(policyOf(TEXT), 'service:billing', [['notes:read', 'x']])
  assert.deepEqual(roles, rightsIn(policyOf(TEXT), 'service:billing').roles)
  assert.deepEqual(patternsOf(permissions), ['notes:read'])
})

const STRICT = policyOf(`version: 1
rules: []
roles:
  reader: [ "notes:read" ]
  admin: { permissions: [ "*" ], mfa: required }
grants:
  - { user: alice, roles: [ reader ] }
  - { user: alice, roles: [ admin ] }
  - { user: bob, roles: [ reader ] }
  - { service: alice, roles: [ admin ] }
  - { agent: alice, roles: [ admin ] }
`)

test('one role that asks for a second factor asks its person for it, and no service or agent', () => {
  const asked = ['user:alice', 'user:bob', 'service:alice', 'agent:alice'].map(
    (id) => rightsIn(STRICT, id).secondFactorRequired,
  )
  assert.deepEqual(asked, [true, false, false, false])
  assert.equal(rightsIn(STRICT, 'user:alice', [['notes:read']]).secondFactorRequired, true)
})

test('a context without the second factor that the policy asks for now may do nothing', () => {
  const context = { ...contextWith(compilePermissions(['*'])), principal: principal('user:alice') }
  for (const permission of ['notes:read', 'authenticated'] as const) {
    assert.equal(STRICT.decide(context, wanting(permission), {}, 0).kind, 'deny')
    assert.equal(STRICT.decide({ ...context, mfaAt: 1 }, wanting(permission), {}, 0).kind, 'allow')
  }
})
