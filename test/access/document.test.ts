import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument, roleNames } from '../../src/access/document.ts'
import type { AccessDocument } from '../../src/access/document.ts'
import type { Grant } from '../../src/access/grant.ts'
import { isSallyportError } from '../../src/errors.ts'

const SAMPLE = `# A policy with most of what YAML can do.
version: 1
rules: []
roles:
  read: [ "notes:read" ]
  reader:        # its name begins with that of another role
    - notes:read
    - "time:read"
  readers: [ 'notes:*',
    "*:read" ]
  admin: [ "*" ]
grants:
  - service: bill
    roles: [ read ]
  - service: billing     # so does this principal's
    roles:
      - reader
      - readers
  - { user: alice, roles: [ admin, read ] }
  - user: >-
      bob
    roles: [
      read, # one
      admin
    ]
  - roles: [ admin ]
    agent: "crawler"
`

/** The faults of a text that must be refused, one per line. */
function faultsOf(text: string): string[] {
  try {
    parseAccessDocument(text, 'access.yaml')
  } catch (error) {
    assert.ok(isSallyportError(error, 'POLICY_INVALID'))
    return error.message.split('\n')
  }
  assert.fail(`not refused: ${text}`)
}

function parsedOr(text: string): AccessDocument | undefined {
  try {
    return parseAccessDocument(text, 'access.yaml')
  } catch (error) {
    assert.ok(isSallyportError(error, 'POLICY_INVALID'), String(error))
    return undefined
  }
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.every((item, index) => item === long[index])
}

function principalOf({ subject }: Grant): string | undefined {
  return subject.kind === 'principal' ? subject.principal.id : undefined
}

/** A policy around one section that is to be wrong. */
function policy({
  rules = '[]',
  roles = '{ reader: [ "notes:read" ] }',
  grants = '[]',
  more = '',
} = {}): string {
  return `version: 1\nrules: ${rules}\n${more}roles: ${roles}\ngrants: ${grants}\n`
}

test('a policy is read with its roles and grants in order', () => {
  const document = parseAccessDocument(SAMPLE, 'access.yaml')
  assert.deepEqual(roleNames(document), ['read', 'reader', 'readers', 'admin'])
  assert.deepEqual(document.roles.get('readers'), {
    permissions: ['notes:*', '*:read'],
    includes: [],
    secondFactorRequired: false,
  })
  assert.deepEqual(
    document.grants.map((grant) => [principalOf(grant), grant.roles]),
    [
      ['service:bill', ['read']],
      ['service:billing', ['reader', 'readers']],
      ['user:alice', ['admin', 'read']],
      ['user:bob', ['read', 'admin']],
      ['agent:crawler', ['admin']],
    ],
  )
  assert.deepEqual(
    grantsOf(document, 'user:bob').flatMap(({ roles }) => roles),
    ['read', 'admin'],
  )
  assert.deepEqual(grantsOf(document, 'user:nobody'), [])
})

test('the default policy is good, and grants nothing to anybody', () => {
  const document = parseAccessDocument(defaultAccessDocument(), 'access.yaml')
  assert.deepEqual(roleNames(document), ['guest', 'reader', 'user', 'admin'])
  assert.deepEqual(document.grants, [])
})

test('a file cut short at any byte is refused, or gives fewer rights and never others', () => {
  const whole = parseAccessDocument(SAMPLE, 'access.yaml')
  const bytes = Buffer.from(SAMPLE)
  let taken = 0
  for (let length = 0; length < bytes.length; length++) {
    const cut = parsedOr(bytes.subarray(0, length).toString())
    if (cut === undefined) continue
    taken++
    assert.deepEqual([...cut.roles], [...whole.roles], 'roles stand before grants, so they are whole')
    cut.grants.forEach(({ subject, roles }, index) => {
      assert.deepEqual(subject, whole.grants[index]?.subject)
      assert.ok(isPrefix(roles, whole.grants[index]?.roles ?? []))
    })
  }
  assert.ok(taken >= 4, 'cuts between grants are taken')
})

test('so is a generated one, in lines or in brackets', () => {
  const name = fc.constantFrom('a', 'ab', 'abc', 'b', 'b.c')
  const roles = fc.uniqueArray(name, { minLength: 1, maxLength: 3 })
  const grant = fc.record({
    kind: fc.constantFrom('service', 'agent', 'user'),
    name,
    roles,
    flow: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(grant, { minLength: 1, maxLength: 4 }), (grants) => {
      const lines = grants.map(({ kind, name: who, roles: which, flow }) =>
        flow
          ? `- { roles: [ ${which.join(', ')} ], ${kind}: ${who} }\n`
          : `- roles:\n  - ${which.join('\n  - ')}\n  ${kind}: ${who}\n`,
      )
      const head =
        'version: 1\nrules: []\nroles: { a: [ "*" ], ab: [], abc: [], b: [ "*" ], b.c: [] }\ngrants:\n'
      const text = `${head}${lines.join('')}`
      const whole = parseAccessDocument(text, 'access.yaml').grants.map((one) => JSON.stringify(one))
      for (let length = 0; length < text.length; length++) {
        const cut = parsedOr(text.slice(0, length))
        if (cut !== undefined)
          assert.ok(
            isPrefix(
              cut.grants.map((one) => JSON.stringify(one)),
              whole,
            ),
          )
      }
    }),
    { numRuns: 20 },
  )
})

test('a last line without a line break is refused, since a name in it may be cut', () => {
  const text =
    'version: 1\nrules: []\nroles: { read: [], reader: [] }\ngrants:\n- roles: [ reader ]\n  service: billing'
  assert.match(faultsOf(text)[0] ?? '', /may be cut short/)
  assert.equal(faultsOf(text.slice(0, -3)).length, 1)
})

test('every fault is told, with its place and what to do', () => {
  const text = `version: 2
rules: []
roles:
  Reader: []
  reader: [ notes ]
grants:
  - service: Billing
    roles: [ nobody ]
  - user: alice
    role: [ reader ]
colour: red
`
  const faults = faultsOf(text)
  for (const expected of [
    /^access\.yaml:1:1: version: must be 1/,
    /^access\.yaml:4:3: roles\.Reader: the name of a role must be lower-case/,
    /^access\.yaml:5:13: roles\.reader\[0\]: a permission is written area:verb/,
    /^access\.yaml:7:5: grants\[0\]\.service: the name of a service must be/,
    /^access\.yaml:9:5: grants\[1\]\.roles: must be a list/,
    /^access\.yaml:10:5: grants\[1\]\.role: unknown key/,
    /^access\.yaml:11:1: colour: unknown key/,
  ])
    assert.ok(
      faults.some((fault) => expected.test(fault)),
      `${expected} in\n${faults.join('\n')}`,
    )
})

test('a role is a list of permissions, or permissions and what it asks for', () => {
  const roles = '{ a: { permissions: [ "*" ], mfa: required }, b: { permissions: [] }, c: [ "a:b" ] }'
  assert.deepEqual(
    [...parseAccessDocument(policy({ roles, grants: '[]' }), 'access.yaml').roles],
    [
      ['a', { permissions: ['*'], includes: [], secondFactorRequired: true }],
      ['b', { permissions: [], includes: [], secondFactorRequired: false }],
      ['c', { permissions: ['a:b'], includes: [], secondFactorRequired: false }],
    ],
  )
})

test('whatever else stands in a role is refused with its place: nobody is spared a second factor by a slip', () => {
  const faults: Readonly<Record<string, RegExp>> = {
    '{ permissions: [ "*" ], mfa: require }': /^access\.yaml:3:\d+: roles\.reader\.mfa: must be "required"/,
    '{ permissions: [ "*" ], mfa: true }': /roles\.reader\.mfa: must be "required"/,
    '{ permissions: [ "*" ], mfa: }': /roles\.reader\.mfa: must be "required"/,
    '{ permissions: [ "*" ], MFA: required }': /roles\.reader\.MFA: unknown key: a role is a list/,
    '{ permissions: [ notes ], mfa: required }':
      /roles\.reader\.permissions\[0\]: a permission is written area:verb/,
    '{ mfa: required }': /roles\.reader\.permissions: a role is a list of permissions/,
    '{}': /roles\.reader\.permissions: a role is a list of permissions/,
    required: /roles\.reader: /,
  }
  for (const [role, fault] of Object.entries(faults)) {
    const [found = '', ...more] = faultsOf(policy({ roles: `{ reader: ${role} }` }))
    assert.match(found, fault)
    assert.deepEqual(more, [])
  }
})

test('ASVS 6.3.3: the default policy asks administrators for a second factor', () => {
  const { roles } = parseAccessDocument(defaultAccessDocument(), 'access.yaml')
  assert.deepEqual(
    [...roles].map(([name, { secondFactorRequired }]) => [name, secondFactorRequired]),
    [
      ['guest', false],
      ['reader', false],
      ['user', false],
      ['admin', true],
    ],
  )
})

test('a role that does not exist is refused, with those that do', () => {
  assert.deepEqual(faultsOf(policy({ grants: '[ { user: alice, roles: [ reader, constructor ] } ]' })), [
    'access.yaml:4:43: grants[0].roles[1]: there is no role "constructor": use one of reader',
  ])
})

test('a grant has exactly one subject', () => {
  for (const subject of ['', 'user: a, service: b,', 'user: a, agent: a,'])
    assert.match(
      faultsOf(policy({ grants: `[ { ${subject} roles: [ reader ] } ]` }))[0] ?? '',
      /exactly one of service, agent, user, certificate, group, authenticated/,
    )
})

test('all four sections are required, in their order', () => {
  const sections = ['version: 1\n', 'rules: []\n', 'roles: {}\n', 'grants: []\n']
  assert.ok(parsedOr(sections.join('')))
  for (const left of sections) assert.ok(faultsOf(sections.filter((one) => one !== left).join('')).length > 0)
  const [version = '', rules = '', roles = '', grants = ''] = sections
  for (const order of [
    [version, roles, rules, grants],
    [version, rules, grants, roles],
    [grants, version, rules, roles],
  ])
    assert.match(faultsOf(order.join(''))[0] ?? '', /out of order/)
})

test('what hides or repeats something is not read at all', () => {
  const cases: Readonly<Record<string, string>> = {
    'a doubled section': `${policy()}grants: []\n`,
    'a doubled role': policy({ roles: '{ a: [ "a:b" ], a: [ "*" ] }' }),
    'an alias': policy({ roles: '{ a: &x [ "a:b" ], b: *x }' }),
    'an anchor': policy({ roles: '{ a: &x [ "a:b" ] }' }),
    'a tag': policy({ roles: '{ a: !grant [ "a:b" ] }' }),
    'a second document': `${policy()}---\n${policy({ roles: '{ a: [ "*" ] }' })}`,
    'a key __proto__': policy({ roles: '{ __proto__: [ "*" ] }' }),
    'a key that is a list': policy({ roles: '{ [ a ]: [ "*" ] }' }),
    'a NUL': policy({ grants: '[]\u0000' }),
    'broken UTF-8': policy({ grants: '[] # \ufffd' }),
    'more than 1 MiB': `${policy()}#${'x'.repeat(1_048_576)}\n`,
    'very deep nesting': policy({ rules: '['.repeat(100_000) }),
    nothing: '',
    'a list': '- version: 1\n',
    text: 'version\n',
  }
  for (const [what, text] of Object.entries(cases)) assert.ok(faultsOf(text).length > 0, what)
})

test('a condition that YAML takes for something else is told first where its quotes are missing', () => {
  const withCondition = (when: string): string =>
    `version: 1\nrules:\n  - name: a\n    effect: deny\n    tools: [ "*" ]\n    when: ${when}\nroles: {}\ngrants: []\n`
  const first = (text: string): string | undefined => faultsOf(text)[0]
  assert.match(
    first(withCondition('!within(args.path, "/srv")')) ?? '',
    /^access.yaml:6:11: .*: put a text that begins with "!" in single quotes$/,
  )
  assert.match(
    first(withCondition('"sre" in principal.roles')) ?? '',
    /^access.yaml:6:17: .*: put a text that begins with a quote or a bracket in single quotes as a whole$/,
  )
  assert.match(first('version: 1\nrules:\n\t- x\n') ?? '', /^access.yaml:3:1: .*: indent with spaces$/)
})

test('names that YAML takes for numbers, truth values or nothing must be quoted', () => {
  for (const name of ['12', '1e3', '0x1f', 'null', 'true', '~'])
    assert.match(
      faultsOf(policy({ grants: `[ { user: ${name}, roles: [ reader ] } ]` }))[0] ?? '',
      /put it in quotes/,
    )
  assert.ok(parsedOr(policy({ grants: '[ { user: "12", roles: [ reader ] } ]' })))
})

test('whatever the text, it is a policy or refused as one', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parsedOr(text)))
  const line = fc.constantFrom(
    'version: 1',
    'rules: []',
    'roles:',
    '  a: ["*"]',
    'grants:',
    '- user: b',
    '  roles: [a]',
    '{',
    '',
  )
  fc.assert(fc.property(fc.array(line, { maxLength: 12 }), (lines) => void parsedOr(`${lines.join('\n')}\n`)))
})
