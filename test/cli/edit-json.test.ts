import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { memberIn, withMember, withoutMember } from '../../src/cli/edit-json.ts'
import { readJsonText } from '../../src/cli/json-text.ts'

const AT = ['servers', 'ours'] as const
const VALUE = { command: '/usr/bin/node', args: ['a "b"', 'c'] }

/** As people write mcp.json. */
const COMMENTED = `// my servers
{
\t// asked for at the first start
\t"inputs": [ { "id": "key", "type": "promptString", },],
\t"servers": {
\t\t"github": { "url": "https://a.example/mcp" /* read only */ }, // keep
\t\t/* "old": {}, */
\t},
}
`

describe('an edit of JSON with comments', () => {
  test('adds a member as the last one and keeps every other character', () => {
    const after = withMember(COMMENTED, AT, VALUE)
    const block = [
      '\t\t"ours": {',
      '\t\t\t"command": "/usr/bin/node",',
      '\t\t\t"args": [',
      String.raw`				"a \"b\"",`,
      '\t\t\t\t"c"',
      '\t\t\t]',
      '\t\t},',
    ].join('\n')
    const old = '\t\t/* "old": {}, */\n'
    assert.equal(after, COMMENTED.replace(old, `${old}${block}\n`))
    assert.equal(withoutMember(after, AT), COMMENTED)
  })

  test('puts a comma behind the last member, before the comment on it', () => {
    const text = '{\r\n  "servers": {\r\n    "a": 1 // one\r\n  }\r\n}\r\n'
    const after = withMember(text, AT, 2)
    assert.equal(after, '{\r\n  "servers": {\r\n    "a": 1, // one\r\n    "ours": 2\r\n  }\r\n}\r\n')
    assert.equal(withoutMember(after, AT), text)
  })

  for (const [what, text] of [
    ['an empty file', ''],
    ['a file with only a comment', '// nothing yet\n'],
    ['an empty object', '{}'],
    ['a section that is not there', '{ "inputs": [] }'],
    ['an empty section', '{\n  "servers": {}\n}\n'],
    ['one line', '{"servers":{"a":{}}}'],
    ['a byte order mark', '\ufeff{ "servers": {} }\n'],
  ] as const)
    test(`goes into ${what}`, () => {
      const after = withMember(text, AT, VALUE)
      assert.deepEqual(memberIn(after, AT), VALUE)
      assert.ok(after.includes('//') === text.includes('//'))
      const before = readJsonText(text)?.value ?? {}
      const rest = readJsonText(withoutMember(after, AT))?.value
      assert.deepEqual(rest, { ...before, servers: (before as { servers?: object }).servers ?? {} })
    })

  test('replaces a member where it stands', () => {
    const text = '{\n  "servers": {\n    "ours": { "x": 1 }, // ours\n    "b": {}\n  }\n}\n'
    const after = withMember(text, AT, 2)
    assert.equal(after, '{\n  "servers": {\n    "ours": 2, // ours\n    "b": {}\n  }\n}\n')
    assert.equal(withoutMember(after, AT), '{\n  "servers": { // ours\n    "b": {}\n  }\n}\n')
  })

  for (const [text, words] of [
    ['{ "servers": [] }', /servers is not an object/],
    ['[]', /the file is not an object/],
    ['{ "servers": {} "b": 1 }', /line 1, column 17: expected "," or "}"/],
    ['{\n  servers: {}\n}', /line 2, column 3: expected a name in quotes/],
    ['{ "servers": {}, "servers": {} }', /several "servers"/],
    ['{ "a": "line\nbreak" }', /expected a value/],
    ['{ "a": 1, , }', /expected a name/],
    ['{ "a": 01 }', /expected a value/],
    ['{} {}', /expected the end/],
    ['{ "a": 1', /expected/],
    [`{ "a": ${'['.repeat(5000)} }`, /expected less depth/],
  ] as const)
    test(`refuses ${text.slice(0, 40)}`, () => {
      assert.throws(() => withMember(text, AT, 1), words)
    })
})

test('whatever JSON there is: what is added can be read, all else is as before, and taking it out gives that back', () => {
  const object = fc.dictionary(
    fc.string().filter((name) => name !== 'ours' && name !== '__proto__'),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(
      object,
      fc.option(object),
      fc.constantFrom(0, 2, '\t'),
      fc.jsonValue(),
      (outer, servers, indent, value) => {
        const document = { ...outer, ...(servers === null ? {} : { servers }) }
        if (servers === null) Reflect.deleteProperty(document, 'servers')
        const text = JSON.stringify(document, null, indent)
        const after = withMember(text, AT, value)
        const same = (json: string): unknown => JSON.parse(json) as unknown
        assert.deepEqual(
          same(after),
          same(JSON.stringify({ ...document, servers: { ...servers, ours: value } })),
        )
        assert.deepEqual(
          same(withoutMember(after, AT)),
          same(JSON.stringify({ ...document, servers: servers ?? {} })),
        )
      },
    ),
  )
})
