import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addGrant } from '../../src/access/add-grant.ts'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument } from '../../src/access/document.ts'

const HAND_WRITTEN = `version: 1
rules: []
roles: { a: [ "a:b" ], b: [], c: [] }

# Who has what.
grants:
    - service: x   # the first
      roles:
          - a   # because

    - agent: y
      roles: [ a,   # one
               b ]  # two
# end
`

function rolesOf(text: string, principal: string): string[] {
  return grantsOf(parseAccessDocument(text, 'access.yaml'), principal).flatMap(({ roles }) => roles)
}

test('the first grant goes under its heading, and nothing else changes', () => {
  const before = defaultAccessDocument()
  const after = addGrant(before, 'service:demo', ['reader'])
  assert.equal(
    after,
    `${before.replace(/grants: \[\]\n$/, 'grants:\n')}  - { service: demo, roles: [ reader ] }\n`,
  )
})

test('comments and layout of a file written by hand stay as they are', () => {
  const after = addGrant(HAND_WRITTEN, 'user:alice', ['b', 'c'])
  const expected = HAND_WRITTEN.replace('# end\n', '    - { user: alice, roles: [ b, c ] }\n# end\n')
  assert.equal(after, expected)
})

test('roles are added to the grant that is there, in lines or in brackets', () => {
  const inLines = addGrant(HAND_WRITTEN, 'service:x', ['a', 'b', 'c'])
  assert.equal(inLines, HAND_WRITTEN.replace('# because\n', '# because\n          - b\n          - c\n'))
  const inBrackets = addGrant(HAND_WRITTEN, 'agent:y', ['b', 'c'])
  assert.equal(inBrackets, HAND_WRITTEN.replace('b ]  # two', 'b, c ]  # two'))
})

test('an empty list of roles and a list of grants in brackets are filled too', () => {
  const text = 'version: 1\nrules: []\nroles: { a: [], b: [] }\ngrants: [ { user: x, roles: [] } ]\n'
  const after = addGrant(addGrant(text, 'user:x', ['b', 'a']), 'user:y', ['a'])
  assert.deepEqual([rolesOf(after, 'user:x'), rolesOf(after, 'user:y')], [['b', 'a'], ['a']])
})

test('a principal of another trust domain is granted by its whole name, once', () => {
  const [id, role] = ['service:corp.example/ns/Prod/sa/x', ['reader']] as const
  const after = addGrant(defaultAccessDocument(), id, role)
  assert.deepEqual(rolesOf(after, id), ['reader'])
  assert.equal(addGrant(after, id, role), after)
  assert.deepEqual(rolesOf(after, 'service:x'), [])
  for (const bad of ['service:corp.example/', 'service:corp.example//x', 'service:Corp.example/x'])
    assert.throws(() => addGrant(after, bad, role), /is no principal/)
})

test('names that YAML would read as something else are quoted', () => {
  for (const name of ['12', '1e3', 'null', 'true', '0x1f', '1.5', 'no']) {
    const after = addGrant(defaultAccessDocument(), `user:${name}`, ['reader'])
    assert.deepEqual(rolesOf(after, `user:${name}`), ['reader'])
  }
})

test('what cannot be edited safely is left to people, with the line to write', () => {
  const text = `${defaultAccessDocument()}...\n`
  assert.throws(() => addGrant(text, 'user:alice', ['admin']), {
    code: 'POLICY_INVALID',
    message: /add "\{ user: alice, roles: \[ admin \] \}" to its grants by hand/,
  })
})

test('a role, a principal or a policy that is not one is refused', () => {
  const text = defaultAccessDocument()
  assert.throws(() => addGrant(text, 'user:alice', ['root']), {
    code: 'NOT_FOUND',
    message: /guest, reader, user, admin/,
  })
  for (const bad of ['alice', 'User:alice', 'user:', 'user:a b', 'group:x', 'user:x, roles: [admin]}'])
    assert.throws(() => addGrant(text, bad, ['reader']), { code: 'NAME_INVALID' })
  assert.throws(() => addGrant('version: 1\n', 'user:alice', ['reader']), { code: 'POLICY_INVALID' })
})

test('any sequence of grants gives their union, and doing one twice changes nothing', () => {
  const principal = fc.constantFrom('service:x', 'agent:y', 'user:x', 'user:12', 'service:a.b-c')
  const roles = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 })
  const start = fc.constantFrom(
    HAND_WRITTEN,
    'version: 1\nrules: []\nroles: { a: [], b: [], c: [] }\ngrants: [] # none\n',
  )
  fc.assert(
    fc.property(start, fc.array(fc.tuple(principal, roles), { maxLength: 6 }), (text, grants) => {
      const expected = new Map<string, Set<string>>()
      let edited: string = text
      for (const [who, which] of grants) {
        const had = expected.get(who) ?? new Set(rolesOf(text, who))
        expected.set(who, new Set([...had, ...which]))
        edited = addGrant(edited, who, which)
        assert.equal(addGrant(edited, who, which), edited)
      }
      for (const [who, which] of expected)
        assert.deepEqual(rolesOf(edited, who).toSorted(), [...which].toSorted())
    }),
    { numRuns: 100 },
  )
})

test('a role that asks for a second factor is granted like any other, and goes on asking', () => {
  const text =
    'version: 1\nrules: []\nroles:\n  admin: { permissions: [ "*" ], mfa: required } # people\ngrants: []\n'
  const after = addGrant(text, 'user:alice', ['admin'])
  assert.match(after, /mfa: required \} # people\n/)
  const document = parseAccessDocument(after, 'access.yaml')
  assert.equal(document.roles.get('admin')?.secondFactorRequired, true)
  assert.deepEqual(rolesOf(after, 'user:alice'), ['admin'])
})

const WITH_EVERYTHING = `version: 1
rules:
  - { name: no, effect: deny, tools: [ "*" ], when: "args.x == 1" } # no
limits:
  - { principal: "service:x", tools: [ "*" ], rate: 1/s }
roles: { a: [ "a:b" ], b: { includes: [ a ] }, c: [] }
groups:
  g: [ "user:alice" ]
grants:
  - user: alice
    when: 'auth.mfaAge < duration("8h")'
    roles: [ a ]
  - service: x
    owner: "user:alice"
    attributes: { team: payments }
    roles: [ a ]
  - { group: g, roles: [ b ] }
  - { certificate: { uri: "spiffe://x/*" }, roles: [ b ] }
`

test('what stands beside roles and grants stays: rules, limits, groups, owners, attributes and conditions', () => {
  const after = addGrant(WITH_EVERYTHING, 'service:x', ['b'])
  assert.equal(
    after,
    WITH_EVERYTHING.replace('    roles: [ a ]\n  - { group', '    roles: [ a, b ]\n  - { group'),
  )
})

test('a role that somebody has on a condition, or by a group, is granted for good', () => {
  const after = addGrant(WITH_EVERYTHING, 'user:alice', ['a', 'b'])
  assert.equal(after, `${WITH_EVERYTHING}  - { user: alice, roles: [ a, b ] }\n`)
  assert.equal(addGrant(after, 'user:alice', ['b', 'a']), after)
})

test('grants of others, in whatever way they are named, are no grants of this one', () => {
  assert.equal(
    addGrant(WITH_EVERYTHING, 'agent:x', ['a']),
    `${WITH_EVERYTHING}  - { agent: x, roles: [ a ] }\n`,
  )
})
