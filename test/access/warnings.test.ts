import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { read } from '../support/access.ts'

const ROLES = `roles:
  reader: [ "files:read", "notes:read" ]
  payer: [ "bank:pay" ]
`
const GRANTS = `grants:
  - { service: billing, roles: [ reader ] }
  - { user: alice, roles: [ reader, payer ] }
`

function warningsFor(
  { rules = '', limits = '', roles = ROLES, groups = '', grants = GRANTS },
  surface?: [],
): readonly string[] {
  const sections = [
    rules === '' ? 'rules: []' : `rules:\n  - { ${rules} }`,
    ...(limits === '' ? [] : [`limits:\n  - { ${limits} }`]),
    `${roles}${groups}${grants}`,
  ]
  return read(`version: 1\n${sections.join('\n')}`, surface).warnings
}

test('a policy that means what it says has no warnings', () => {
  const rules =
    'name: x, effect: deny, tools: [ "files_*" ], principals: [ "user:*" ], when: "args.path == \'/\'"'
  assert.deepEqual(warningsFor({ rules, limits: 'role: reader, tools: [ "*" ], rate: 1/s' }), [])
})

const CASES: readonly (readonly [string, Parameters<typeof warningsFor>[0], RegExp])[] = [
  [
    'a pattern that matches nothing',
    { rules: 'name: x, effect: deny, tools: [ "files_*", "file_*" ], when: "now.hour(\'UTC\') > 3"' },
    /^access\.yaml:3:50: rules\[0\]\.tools\[1\]: "file_\*" matches no tool that there is$/,
  ],
  [
    'a pattern of URIs that no family can fit',
    { rules: 'name: x, effect: deny, resources: [ "notes://**" ], when: "now.hour(\'UTC\') > 3"' },
    /rules\[0\]\.resources\[0\]: "notes:\/\/\*\*" matches no resource that there is$/,
  ],
  [
    'a rule behind one that denies everything that it is about',
    {
      rules:
        'name: all, effect: deny, tools: [ "files_*" ] }\n  - { name: x, effect: deny, tools: [ files_read ]',
    },
    /^access\.yaml:4:5: rules\[1\]: it can never decide: rule "all" denies all that it is about, to everybody$/,
  ],
  [
    'a rule that asks before one that denies everything that it is about',
    {
      rules:
        'name: x, effect: step-up, within: 5m, tools: [ files_read ] }\n  - { name: all, effect: deny, tools: [ "*" ]',
    },
    /rules\[0\]: it can never decide: rule "all" denies all/,
  ],
  [
    'methods of another kind of thing',
    { rules: 'name: x, effect: deny, tools: [ "*" ], methods: [ prompts/get ]' },
    /rules\[0\]: it can never decide: none of its methods is one of what it is about$/,
  ],
  [
    'a condition that is always false',
    { rules: 'name: x, effect: deny, tools: [ "*" ], when: "1 > 2"' },
    /rules\[0\]: it can never decide: its condition is always false$/,
  ],
  [
    'principals who may not use what the rule is about',
    {
      rules:
        'name: x, effect: deny, tools: [ bank_pay ], principals: [ "service:*", "role:reader" ] }\n  - { name: y, effect: deny, tools: [ bank_pay ], principals: [ "service:billing" ]',
    },
    /rules\[1\]: it can never decide: nobody whom it names might use what it is about$/,
  ],
  [
    'a group without members',
    {
      rules: 'name: x, effect: deny, tools: [ ping ], principals: [ "group:none" ]',
      groups: 'groups: { none: [] }\n',
    },
    /rules\[0\]: it can never decide: nobody whom it names/,
  ],
  [
    'an approval that nobody can give',
    {
      rules: 'name: x, effect: approve, tools: [ bank_pay ], by: { role: boss }',
      roles: `${ROLES}  boss: []\n`,
      grants: `${GRANTS}  - { service: bot, roles: [ boss ] }\n`,
    },
    /rules\[0\]\.by\.role: no person has the role "boss": nobody can approve$/,
  ],
  [
    'an approval for a service without an owner',
    { rules: 'name: x, effect: approve, tools: [ files_read ], by: { role: payer }' },
    /rules\[0\]: no owner is named for service:billing, so that what needs approval is denied to them$/,
  ],
  [
    'a limit that counts nothing that there is',
    { limits: 'role: reader, tools: [ "x" ], rate: 1/s' },
    /^access\.yaml:4:30: limits\[0\]\.tools\[0\]: "x" matches no tool that there is$/,
  ],
  [
    'a limit of who may not use what it counts',
    { limits: 'principal: "service:billing", tools: [ bank_pay ], rate: 1/s' },
    /limits\[0\]: it concerns nothing: nobody whom it names/,
  ],
  [
    'a role that nobody has',
    { roles: `${ROLES}  boss: { includes: [ payer ] }\n` },
    /^access\.yaml:6:3: roles\.boss: nobody has this role$/,
  ],
  [
    'a grant that never counts',
    { grants: `${GRANTS}  - { user: bob, when: "false", roles: [ reader ] }\n` },
    /grants\[2\]\.when: the grant never counts: its condition is always false$/,
  ],
  [
    'a condition behind the roles of a grant, which a cut would take away',
    { grants: `${GRANTS}  - user: bob\n    roles: [ reader ]\n    when: auth.age < duration("1h")\n` },
    /^access\.yaml:11:5: grants\[2\]\.when: it stands behind the roles: .* put roles last$/,
  ],
]

for (const [what, sections, expected] of CASES)
  test(`a warning: ${what}`, () => {
    const found = warningsFor(sections)
    assert.ok(
      found.some((warning) => expected.test(warning)),
      found.join('\n') || 'no warning',
    )
    assert.equal(found.length, 1, found.join('\n'))
  })

test('a grant on one line may have its condition anywhere: it is cut as a whole', () => {
  const grants = `${GRANTS}  - { user: bob, roles: [ reader ], when: auth.age < duration("1h") }\n`
  assert.deepEqual(warningsFor({ grants }), [])
})

test('a role is somebody’s who has one that includes it, or who might have it by certificate', () => {
  const roles = `${ROLES}  boss: { includes: [ payer ] }\n  ci: []\n`
  const grants = `grants:\n  - { user: a, roles: [ boss, reader ] }\n  - { certificate: {}, roles: [ ci ] }\n`
  assert.deepEqual(warningsFor({ roles, grants }), [])
})

test('without a surface nothing is said of what there is', () => {
  const rules = 'name: x, effect: deny, tools: [ "no_such_tool" ], when: args.x == 1'
  assert.deepEqual(warningsFor({ rules }, []), [])
})

test('the default policy warns of nothing but roles that nobody has yet', () => {
  for (const warning of read(defaultAccessDocument()).warnings)
    assert.match(warning, /^access\.yaml:\d+:3: roles\.(?:guest|reader|user|admin): nobody has this role$/)
})
