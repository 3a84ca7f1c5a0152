import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAccessDocument } from '../../src/access/document.ts'
import type { AccessDocument } from '../../src/access/document.ts'
import { isSallyportError } from '../../src/errors.ts'

const WHOLE = `version: 1
rules:
  - name: files-only-under-share
    effect: deny
    tools: [ "files_*" ]
    when: '!within(args.path, "/srv/share")'
  - { name: fresh, effect: step-up, tools: [ "*_delete" ], within: 5m, mode: shadow, priority: -3 }
  - name: by-certificate
    effect: step-up
    prompts: [ "p" ]
    certificate: { uri: "spiffe://corp/**" }
    principals: [ "user:alice", "service:*", "role:reader", "group:sre" ]
  - name: payments
    effect: approve
    resources: [ "bank://**" ]
    methods: [ resources/read ]
    by: { role: editor }
  - { name: tidy, effect: hide, tools: [ old_* ], prompts: [] }
limits:
  - { role: reader, tools: [ "*" ], rate: 60/m }
  - { principal: "service:*", prompts: [ "*" ], rate: 1/s }
  - { group: sre, resources: [ "**" ], rate: 10/h }
  - { tools: [ "*" ], rate: 5/d }
roles:
  reader: [ "notes:read" ]
  editor: { includes: [ reader ], permissions: [ "notes:write" ], mfa: required }
  both: { includes: [ reader, editor ] }
groups:
  sre: [ "user:alice", "service:pager" ]
  none: []
grants:
  - service: billing
    owner: "user:alice"
    attributes: { team: payments, floor: "3" }
    roles: [ reader ]
  - { certificate: { uri: "spiffe://corp.example/ci/*", issuer: "CN=Corp CA" }, roles: [ reader ] }
  - { group: sre, when: 'auth.mfaAge < duration("8h")', roles: [ editor ] }
  - { authenticated: true, roles: [] }
`

function read(text: string): AccessDocument {
  return parseAccessDocument(text, 'access.yaml')
}

function readOr(text: string): AccessDocument | undefined {
  try {
    return read(text)
  } catch (error) {
    assert.ok(isSallyportError(error, 'POLICY_INVALID'), String(error))
    return undefined
  }
}

/** The one line of why a text is refused. */
function faultOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    assert.ok(isSallyportError(error, 'POLICY_INVALID'), String(error))
    return error.message
  }
  assert.fail(`not refused: ${text}`)
}

/** A policy around a section that is to be wrong. */
function policy({ rules = '', limits = '', roles = '', groups = '', grants = '' }): string {
  return [
    'version: 1',
    rules === '' ? 'rules: []' : `rules:\n  - ${rules}`,
    ...(limits === '' ? [] : [`limits:\n  - ${limits}`]),
    'roles:',
    '  reader: [ "notes:read" ]',
    ...(roles === '' ? [] : [`  ${roles}`]),
    'groups:',
    '  sre: [ "user:alice" ]',
    ...(groups === '' ? [] : [`  ${groups}`]),
    grants === '' ? 'grants: []' : `grants:\n  - ${grants}`,
    '',
  ].join('\n')
}

test('rules are read with what they are about, whom they concern and what they ask for', () => {
  const { rules } = read(WHOLE)
  assert.deepEqual(
    rules.map(({ name, effect, mode, tools, prompts, resources }) => [
      name,
      effect,
      mode,
      tools,
      prompts,
      resources,
    ]),
    [
      ['files-only-under-share', 'deny', 'enforce', ['files_*'], [], []],
      ['fresh', 'step-up', 'shadow', ['*_delete'], [], []],
      ['by-certificate', 'step-up', 'enforce', [], ['p'], []],
      ['payments', 'approve', 'enforce', [], [], ['bank://**']],
      ['tidy', 'hide', 'enforce', ['old_*'], [], []],
    ],
  )
  const asked = rules.map((rule) => ('asks' in rule ? [rule.priority, rule.asks] : null))
  assert.deepEqual(asked, [
    null,
    [-3, { kind: 'second_factor', within: 300_000 }],
    [0, { kind: 'certificate', uri: 'spiffe://corp/**', issuer: null }],
    [0, { kind: 'approval', by: { role: 'editor' } }],
    null,
  ])
  const [denied, , stepped, approved] = rules
  assert.deepEqual([denied?.when, stepped?.when], ['!within(args.path, "/srv/share")', null])
  assert.deepEqual(stepped?.principals, ['user:alice', 'service:*', 'role:reader', 'group:sre'])
  assert.deepEqual([denied?.principals, denied?.methods], [null, null])
  assert.deepEqual(approved?.methods, ['resources/read'])
})

test('limits are read with their subject and rate', () => {
  assert.deepEqual(
    read(WHOLE).limits.map(({ subject, points, seconds }) => [subject, points, seconds]),
    [
      ['role:reader', 60, 60],
      ['service:*', 1, 1],
      ['group:sre', 10, 3600],
      [null, 5, 86_400],
    ],
  )
})

test('roles, groups and grants are read with all that is said of them', () => {
  const { roles, groups, grants } = read(WHOLE)
  assert.deepEqual(
    [...roles].map(([name, { includes, secondFactorRequired }]) => [name, includes, secondFactorRequired]),
    [
      ['reader', [], false],
      ['editor', ['reader'], true],
      ['both', ['reader', 'editor'], false],
    ],
  )
  assert.deepEqual(
    [...groups],
    [
      ['sre', ['user:alice', 'service:pager']],
      ['none', []],
    ],
  )
  assert.deepEqual(
    grants.map(({ subject, owner, attributes, when }) => [subject.kind, owner, { ...attributes }, when]),
    [
      ['principal', 'user:alice', { team: 'payments', floor: '3' }, null],
      ['certificate', null, {}, null],
      ['group', null, {}, 'auth.mfaAge < duration("8h")'],
      ['authenticated', null, {}, null],
    ],
  )
})

test('a file cut short at any byte never loses a rule, a limit or a group and keeps rights', () => {
  const whole = read(WHOLE)
  let taken = 0
  for (let length = 0; length < WHOLE.length; length++) {
    // Only what ends with a line break is read at all; of the other cuts some will do.
    if (WHOLE[length - 1] !== '\n' && length % 11 !== 0) continue
    const cut = readOr(WHOLE.slice(0, length))
    if (cut === undefined) continue
    taken++
    for (const section of ['rules', 'limits', 'roles', 'groups'] as const)
      assert.deepEqual(cut[section], whole[section])
    cut.grants.forEach((grant, index) => assert.deepEqual(grant, whole.grants[index]))
  }
  assert.ok(taken >= 3, 'cuts between grants are taken')
})

const RULE = 'name: x, effect: deny, tools: [ "*" ]'
const REFUSED: readonly (readonly [Parameters<typeof policy>[0], RegExp])[] = [
  [
    { rules: '{ effect: deny, tools: [ "*" ] }' },
    /^access\.yaml:3:5: rules\[0\]\.name: the name of a rule must be text/,
  ],
  [{ rules: '{ name: X, effect: deny, tools: [ "*" ] }' }, /rules\[0\]\.name: .* lower-case letters, digits/],
  [{ rules: `{ ${RULE} }\n  - { ${RULE} }` }, /^access\.yaml:4:7: rules\[1\]\.name: there are two rules "x"/],
  [{ rules: '{ name: x, tools: [ "*" ] }' }, /rules\[0\]\.effect: must be one of deny, step-up/],
  [{ rules: '{ name: x, effect: allow, tools: [ "*" ] }' }, /rules\[0\]\.effect: must be one of deny/],
  [{ rules: 'x' }, /^access\.yaml:3:5: rules\[0\]: a rule is a map with name, effect/],
  [{ rules: `{ ${RULE}, mode: off }` }, /rules\[0\]\.mode: must be "enforce" or "shadow"/],
  [{ rules: `{ ${RULE}, colour: red }` }, /rules\[0\]\.colour: unknown key: a deny rule has name, effect/],
  [{ rules: `{ ${RULE}, priority: 1 }` }, /rules\[0\]\.priority: unknown key: a deny rule has/],
  [{ rules: `{ ${RULE}, within: 5m }` }, /rules\[0\]\.within: unknown key: a deny rule has/],
  [{ rules: `{ ${RULE}, by: { role: reader } }` }, /rules\[0\]\.by: unknown key: a deny rule has/],
  [
    { rules: '{ name: x, effect: hide, tools: [ "*" ], priority: 1 }' },
    /rules\[0\]\.priority: unknown key: a hide rule has/,
  ],
  [{ rules: '{ name: x, effect: deny }' }, /rules\[0\]: it is about nothing/],
  [
    { rules: '{ name: x, effect: deny, tools: [], prompts: [], resources: [] }' },
    /rules\[0\]: it is about nothing/,
  ],
  [
    { rules: '{ name: x, effect: deny, tools: [ "files *" ] }' },
    /rules\[0\]\.tools\[0\]: a pattern of tool names/,
  ],
  [
    { rules: '{ name: x, effect: deny, tools: [ "***" ] }' },
    /rules\[0\]\.tools\[0\]: a pattern of tool names/,
  ],
  [{ rules: '{ name: x, effect: deny, tools: [ "" ] }' }, /rules\[0\]\.tools\[0\]: a pattern of tool names/],
  [{ rules: '{ name: x, effect: deny, tools: "*" }' }, /rules\[0\]\.tools: must be a list of patterns/],
  [
    { rules: '{ name: x, effect: deny, resources: [ "a b" ] }' },
    /rules\[0\]\.resources\[0\]: a pattern of URIs/,
  ],
  [{ rules: `{ ${RULE}, principals: [] }` }, /rules\[0\]\.principals: names nobody/],
  [{ rules: `{ ${RULE}, principals: [ alice ] }` }, /rules\[0\]\.principals\[0\]: "alice" means nobody/],
  [{ rules: `{ ${RULE}, principals: [ "user:" ] }` }, /rules\[0\]\.principals\[0\]: "user:" means nobody/],
  [{ rules: `{ ${RULE}, principals: [ "user:***" ] }` }, /"user:\*\*\*" means nobody/],
  [{ rules: `{ ${RULE}, principals: [ "role:boss" ] }` }, /there is no role "boss": use one of reader/],
  [
    { rules: `{ ${RULE}, principals: [ "group:toString" ] }` },
    /there is no group "toString": use one of sre/,
  ],
  [{ rules: `{ ${RULE}, methods: [] }` }, /rules\[0\]\.methods: names no method/],
  [{ rules: `{ ${RULE}, methods: [ tools/list ] }` }, /rules\[0\]\.methods\[0\]: must be one of tools\/call/],
  [{ rules: `{ ${RULE}, when: "" }` }, /rules\[0\]\.when: a condition must not be empty/],
  [{ rules: `{ ${RULE}, when: true }` }, /rules\[0\]\.when: a condition must be text/],
  [
    { rules: '{ name: x, effect: step-up, tools: [ "*" ] }' },
    /rules\[0\]: a step-up rule has exactly one of within and certificate/,
  ],
  [
    { rules: '{ name: x, effect: step-up, tools: [ "*" ], within: 5m, certificate: {} }' },
    /rules\[0\]: a step-up rule has exactly one/,
  ],
  ...['0s', '5', '25h', '86401s', '1d', '1.5h', '-5m', '5 m', 'PT5M'].map(
    (within) =>
      [
        { rules: `{ name: x, effect: step-up, tools: [ "*" ], within: "${within}" }` },
        /rules\[0\]\.within: ".*" is no time to step up within/,
      ] as const,
  ),
  [
    { rules: '{ name: x, effect: step-up, tools: [ "*" ], within: 300 }' },
    /rules\[0\]\.within: must be text, as in 5m/,
  ],
  [
    { rules: '{ name: x, effect: step-up, tools: [ "*" ], within: 5m, priority: 1001 }' },
    /rules\[0\]\.priority: must be at most 1000/,
  ],
  [
    { rules: '{ name: x, effect: step-up, tools: [ "*" ], within: 5m, priority: 1.5 }' },
    /rules\[0\]\.priority: must be a whole number/,
  ],
  [
    { rules: '{ name: x, effect: step-up, tools: [ "*" ], certificate: { url: "x" } }' },
    /rules\[0\]\.certificate\.url: unknown key: a certificate is meant by/,
  ],
  [{ rules: '{ name: x, effect: approve, tools: [ "*" ] }' }, /rules\[0\]\.by: an approve rule says by whom/],
  [
    { rules: '{ name: x, effect: approve, tools: [ "*" ], by: { role: boss } }' },
    /rules\[0\]\.by\.role: there is no role "boss": use one of reader/,
  ],
  [{ limits: '{ tools: [ "*" ] }' }, /limits\[0\]\.rate: a rate must be text, as in 60\/m/],
  ...['0/m', '60', '60/w', '6.5/s', '60 /m', '10000000/s'].map(
    (rate) =>
      [
        { limits: `{ tools: [ "*" ], rate: "${rate}" }` },
        /limits\[0\]\.rate: a rate is a whole number/,
      ] as const,
  ),
  [{ limits: '{ rate: 1/s }' }, /limits\[0\]: it is about nothing/],
  [
    { limits: '{ role: reader, group: sre, tools: [ "*" ], rate: 1/s }' },
    /limits\[0\]: a limit names at most one of role, principal and group/,
  ],
  [{ limits: '{ role: boss, tools: [ "*" ], rate: 1/s }' }, /limits\[0\]\.role: there is no role "boss"/],
  [{ limits: '{ group: ops, tools: [ "*" ], rate: 1/s }' }, /limits\[0\]\.group: there is no group "ops"/],
  [{ limits: '{ principal: x, tools: [ "*" ], rate: 1/s }' }, /limits\[0\]\.principal: "x" means nobody/],
  [
    { limits: '{ principal: "role:reader", tools: [ "*" ], rate: 1/s }' },
    /limits\[0\]\.principal: "role:reader" is no principal: use the key role or group/,
  ],
  [
    { roles: 'a: { includes: [ boss ] }' },
    /^access\.yaml:5:\d+: roles\.a\.includes\[0\]: there is no role "boss"/,
  ],
  [{ roles: 'a: { includes: [ a ] }' }, /roles\.a\.includes: the role includes itself \(a includes a\)/],
  [
    {
      roles: 'a: { includes: [ reader, b ] }\n  b: { includes: [ c ] }\n  c: { includes: [ reader, b ] }',
    },
    /roles\.b\.includes: the role includes itself \(b includes c includes b\)/,
  ],
  [
    { groups: 'ops: [ alice ]' },
    /^access\.yaml:7:10: groups\.ops\[0\]: "alice" is no principal: write kind:name/,
  ],
  [{ groups: 'ops: [ "user:*" ]' }, /groups\.ops\[0\]: "user:\*" is no principal/],
  [{ groups: 'ops: [ "group:sre" ]' }, /groups\.ops\[0\]: "group:sre" is no principal/],
  [{ groups: 'Ops: []' }, /groups\.Ops: the name of a group must be lower-case/],
  [{ grants: '{ group: ops, roles: [] }' }, /grants\[0\]\.group: there is no group "ops": use one of sre/],
  [
    { grants: '{ authenticated: false, roles: [] }' },
    /grants\[0\]\.authenticated: must be true, or left out/,
  ],
  [
    { grants: '{ user: a, authenticated: true, roles: [] }' },
    /grants\[0\]: a grant names exactly one of service/,
  ],
  [
    { grants: '{ user: a, owner: "user:b", roles: [] }' },
    /grants\[0\]\.owner: only the grant of a service or an agent has an owner/,
  ],
  [
    { grants: '{ service: a, owner: "service:b", roles: [] }' },
    /grants\[0\]\.owner: "service:b" is no person/,
  ],
  [
    { grants: '{ group: sre, attributes: { a: b }, roles: [] }' },
    /grants\[0\]\.attributes: only the grant of a service, an agent or a user/,
  ],
  [
    { grants: '{ user: a, attributes: { a: b }, when: "true", roles: [] }' },
    /grants\[0\]\.attributes: a grant with a condition has no attributes/,
  ],
  [
    { grants: '{ user: a, attributes: { a: 3 }, roles: [] }' },
    /grants\[0\]\.attributes\.a: an attribute must be text: put it in quotes/,
  ],
  [
    { grants: '{ user: a, attributes: { a-b: x }, roles: [] }' },
    /grants\[0\]\.attributes\.a-b: the name of an attribute must be letters/,
  ],
  [
    {
      grants:
        '{ user: a, attributes: { a: b }, roles: [] }\n  - { user: a, attributes: { a: c }, roles: [] }',
    },
    /grants\[1\]\.attributes\.a: another grant of user:a says "b": let both say the same/,
  ],
  [
    {
      grants: '{ agent: a, owner: "user:a", roles: [] }\n  - { agent: a, owner: "user:b", roles: [] }',
    },
    /grants\[1\]\.owner: another grant of agent:a says "user:a"/,
  ],
]

test('whatever is not as it should be is refused with its place, in one sentence', () => {
  for (const [sections, expected] of REFUSED) {
    const fault = faultOf(policy(sections))
    assert.match(fault, expected)
    assert.equal(fault.split('\n').length, 1, fault)
  }
})

test('the same is said twice of one principal, or different things of two', () => {
  const grants = [
    '{ service: a, owner: "user:a", attributes: { x: y }, roles: [] }',
    '{ service: a, owner: "user:a", attributes: { x: y, z: z }, roles: [] }',
    '{ agent: a, owner: "user:b", attributes: { x: other }, roles: [] }',
  ]
  assert.equal(read(policy({ grants: grants.join('\n  - ') })).grants.length, 3)
})

test('sections stand in their order', () => {
  const limits = 'limits: []\n'
  const groups = 'groups: {}\n'
  const rest = ['version: 1\nrules: []\n', 'roles: {}\n', 'grants: []\n'] as const
  assert.ok(readOr(`${rest[0]}${limits}${rest[1]}${groups}${rest[2]}`))
  for (const text of [
    `${rest[0]}${rest[1]}${limits}${rest[2]}`,
    `${rest[0]}${groups}${rest[1]}${rest[2]}`,
    `${rest[0]}${rest[1]}${rest[2]}${groups}`,
    `${rest[0]}${rest[1]}${rest[2]}${limits}`,
  ])
    assert.match(
      faultOf(text),
      /out of order: the sections must stand as version, rules, limits, roles, groups/,
    )
})
