import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { surfaceOf } from '../../src/mcp/surface-of.ts'
import { serverCatalog } from '../../src/server-catalog.ts'
import { OFFLINE_NOTES } from '../../src/tools/offline-notes.ts'
import { read, refused } from '../support/access.ts'

const REST = `roles: { reader: [ "files:read" ] }
grants:
  - { user: alice, roles: [ reader ] }
`

const withRule = (rule: string): string => `version: 1\nrules:\n${rule}${REST}`
const withGrant = (grant: string): string => `version: 1\nrules: []\n${REST}${grant}`

test('a fault in a condition is told where it stands, in scalars of every style', () => {
  const styles: Readonly<Record<string, RegExp>> = {
    [`  - { name: x, effect: deny, tools: [ ping ], when: nobody.x }\n`]:
      /^access\.yaml:3:53: rules\[0\]\.when: /,
    [`  - { name: x, effect: deny, tools: [ ping ], when: "1 > 2 || nobody.x" }\n`]: /^access\.yaml:3:63: /,
    [`  - { name: x, effect: deny, tools: [ ping ], when: 'tool.name == ''y'' || nobody.x' }\n`]:
      /^access\.yaml:3:76: /,
    [`  - name: x\n    effect: deny\n    tools: [ ping ]\n    when: |\n      1 > 2 ||\n        nobody.x\n`]:
      /^access\.yaml:8:9: /,
    [`  - name: x\n    effect: deny\n    tools: [ ping ]\n    when: >-\n      1 > 2\n      || nobody.x\n`]:
      /^access\.yaml:8:10: /,
  }
  for (const [rule, place] of Object.entries(styles)) {
    const [fault = '', ...more] = refused(withRule(rule))
    assert.match(fault, place)
    assert.match(fault, /nobody/)
    assert.deepEqual(more, [])
  }
})

test('an argument that a matching tool does not have is refused, and the tools are named', () => {
  const rule = (tools: string, when: string): readonly string[] =>
    refused(withRule(`  - { name: x, effect: deny, tools: [ ${tools} ], when: '${when}' }\n`))
  assert.match(
    rule('"files_*"', 'args.size > 1')[0] ?? '',
    /there is no `args\.size`.*\(tool "files_read"\)$/,
  )
  assert.match(rule('"*"', 'args.nothing == 1').at(-1) ?? '', /args\.nothing.*\(tool "ping"\)$/)
  const many = refused(
    withRule(
      `  - { name: x, effect: deny, tools: [ "*" ], prompts: [ "*" ], resources: [ "**" ], when: args.id == "a" }\n`,
    ),
  )
  assert.equal(many.length, 4, many.join('\n'))
  assert.match(many.join('\n'), /\(tool "files_read", resource "file:\/\/\/\{\+path\}"\)/)
})

test('a condition that is wrong whatever it is about is told once', () => {
  const faults = refused(withRule(`  - { name: x, effect: deny, tools: [ "*" ], when: args.path == }\n`))
  assert.equal(faults.length, 1)
  assert.doesNotMatch(faults[0] ?? '', /\(tool/)
})

test('every fault of every condition is told, and the file refused whole', () => {
  const rule = (name: string): string =>
    `  - { name: ${name}, effect: deny, tools: [ ping ], when: nobody }\n`
  const text = withRule(`${rule('a')}${rule('b')}`)
  const faults = refused(`${text}  - { user: bob, when: args.x == 1, roles: [ reader ] }\n`)
  assert.deepEqual(
    faults.map((fault) => /: (rules|grants)\[\d\]/.exec(fault)?.[0]),
    [': rules[0]', ': rules[1]', ': grants[1]'],
  )
})

test('a grant speaks of who, by what and when, and of nothing that is asked for', () => {
  for (const when of ['args.x == 1', 'resource == "a"', 'tool.name == "x"', '"reader" in principal.roles'])
    assert.match(
      refused(withGrant(`  - { user: bob, when: '${when}', roles: [ reader ] }\n`))[0] ?? '',
      /grants\[1\]\.when: /,
      when,
    )
  for (const when of ['principal.name == "bob"', 'auth.mfaAge < duration("8h")', 'now.hour("UTC") < 9'])
    assert.ok(read(withGrant(`  - { user: bob, when: '${when}', roles: [ reader ] }\n`)))
})

test('what hides does not speak of arguments: lists do not know them', () => {
  const rule = (when: string): string =>
    withRule(`  - { name: x, effect: hide, tools: [ "files_*" ], when: '${when}' }\n`)
  for (const when of ['args.path == "a"', 'resource == "a"'])
    assert.match(refused(rule(when))[0] ?? '', /rules\[0\]\.when: /, when)
  assert.ok(read(rule('principal.kind == "user"')))
})

test('arguments of things of several kinds are checked against each', () => {
  assert.ok(
    read(
      withRule(
        `  - { name: x, effect: deny, prompts: [ "*" ], resources: [ "note://**" ], when: args.id == "a" }\n`,
      ),
    ),
  )
})

test('without a surface arguments are whatever they are; what is wrong anyway still is', () => {
  const rule = (when: string): string =>
    withRule(`  - { name: x, effect: deny, tools: [ "*" ], when: '${when}' }\n`)
  assert.deepEqual(read(rule('args.whatever > 3'), []).warnings, [])
  assert.equal(refused(rule('nobody > 3'), []).length, 1)
})

test('a rule about what is not there yet is read, and what is wrong with it told', () => {
  const rule = (when: string): string =>
    withRule(`  - { name: x, effect: deny, tools: [ "wiki_*" ], when: '${when}' }\n`)
  assert.match(read(rule('args.page == "x"')).warnings[0] ?? '', /"wiki_\*" matches no tool that there is/)
  assert.equal(refused(rule('args.page ==')).length, 1)
})

test('many rules over many tools with the same arguments are compiled in no long time', () => {
  const inputSchema = { type: 'object', properties: { path: { type: 'string' } } }
  const surface = Array.from({ length: 300 }, (_, index) => ({
    kind: 'tool' as const,
    name: `t${index}`,
    permission: 'a:b' as const,
    upstream: null,
    annotations: null,
    inputSchema: structuredClone(inputSchema),
  }))
  const rules = Array.from(
    { length: 300 },
    (_, index) => `  - { name: r${index}, effect: deny, tools: [ "*" ], when: 'args.path == "${index}"' }\n`,
  )
  const before = process.cpuUsage()
  read(withRule(rules.join('')), surface)
  // 90,000 compilations would take half a minute.
  assert.ok(process.cpuUsage(before).user < 5_000_000, 'compiled for each tool again')
})

test('the example in the default policy is one, for the tools that are built in', () => {
  const text = defaultAccessDocument()
  const [example = ''] = /(?:^# {3,}.*\n)+(?=rules: \[\]\n)/m.exec(text) ?? []
  const active = text.replace(`${example}rules: []\n`, `rules:\n${example.replaceAll(/^# /gm, '')}`)
  const { document, warnings } = read(active, surfaceOf(serverCatalog(OFFLINE_NOTES, undefined, Date.now)))
  assert.deepEqual(
    document.rules.map(({ name, tools }) => [name, tools]),
    [['notes-in-office-hours', ['notes_write', 'notes_delete']]],
  )
  assert.deepEqual(
    warnings.filter((warning) => !warning.includes('nobody has this role')),
    [],
  )
})
