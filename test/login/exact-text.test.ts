import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../../src/audit/canonical-json.ts'
import { exactArguments, exactJson, exactText } from '../../src/login/pages/exact-text.ts'
import { markupOf } from '../../src/login/pages/html.ts'

test('what cannot be seen is written as what it is, and everything else stays', () => {
  assert.equal(exactText('to "Bob" ✓ ünïcode 日本 👍 a  b'), 'to "Bob" ✓ ünïcode 日本 👍 a  b')
  assert.equal(
    exactText('a\u202eb\u200d\u3164\u2028\u180e\ufe0f\t\n\u0085'),
    'a\\u202eb\\u200d\\u3164\\u2028\\u180e\\ufe0f\\u0009\\u000a\\u0085',
  )
  assert.equal(exactText('\u{e0020}\ud800'), '\\udb40\\udc20\\ud800')
})

test('what is blank, or covers the lines around it, is written as what it is', () => {
  assert.equal(exactText('a\u2800b\u{1d159}c'), 'a\\u2800b\\ud834\\udd59c')
  assert.equal(exactText('e\u0301 \u05e9\u05b8\u05c1'), 'e\u0301 \u05e9\u05b8\u05c1')
  assert.equal(exactText(`1${'\u0333'.repeat(5)}`), `1${'\u0333'.repeat(3)}\\u0333\\u0333`)
})

test('what is written from right to left turns nothing beside it', () => {
  const shown = exactArguments(canonicalJson({ אבא: 100, to: 'אמא <5>', x: 'y' }))
    .map(markupOf)
    .join('')
  assert.equal(
    shown,
    [
      '{',
      '  &quot;to&quot;: <bdi dir="ltr">&quot;אמא &lt;5&gt;&quot;</bdi>,',
      '  &quot;x&quot;: &quot;y&quot;,',
      '  <bdi dir="ltr">&quot;אבא&quot;</bdi>: 100',
      '}',
    ].join('\n'),
  )
})

test('arguments are set in lines, a level each', () => {
  const json = canonicalJson({ b: [1, { c: 'x, {y}: "z" \\' }, []], a: {} })
  assert.equal(
    exactJson(json),
    [
      '{',
      '  "a": {},',
      '  "b": [',
      '    1,',
      '    {',
      '      "c": "x, {y}: \\"z\\" \\\\"',
      '    },',
      '    []',
      '  ]',
      '}',
    ].join('\n'),
  )
  assert.equal(exactJson('{}'), '{}')
})

test('whatever the arguments are, they are shown whole, and nothing of them unseen', () => {
  const unseen = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
      (value) => {
        const args: unknown = JSON.parse(JSON.stringify(value))
        const shown = exactJson(canonicalJson(args))
        assert.deepEqual(JSON.parse(shown), args)
        assert.doesNotMatch(shown, unseen)
      },
    ),
    { numRuns: 300 },
  )
})

test('arguments as deep as can be are not wider than a page for each level', () => {
  const deep = `${'['.repeat(64)}${']'.repeat(64)}`
  const longest = Math.max(
    ...exactJson(deep)
      .split('\n')
      .map(({ length }) => length),
  )
  assert.ok(longest <= 26)
})
