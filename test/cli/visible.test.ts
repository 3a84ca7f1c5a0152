import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pastLines } from '../../src/cli/past-text.ts'
import { visible, visibleLine } from '../../src/cli/visible.ts'

test('lines, tabs and the letters of any language stay as they are', () => {
  for (const text of ['', 'a\tb\nc', 'äöü 文字 עברית 🚪', '"\\u001b"']) assert.equal(visible(text), text)
  assert.equal(visible('a\r\nb'), 'a\nb')
})

test('what could change what a terminal shows is shown itself', () => {
  assert.equal(visible('\u001b[2J\u001b]0;x\u0007'), '\\u001b[2J\\u001b]0;x\\u0007')
  assert.equal(visible('good\rbad'), 'good\\u000dbad')
  assert.equal(visible('a\u009b31m\u202eb\u200b\u0000'), 'a\\u009b31m\\u202eb\\u200b\\u0000')
})

test('no text comes out with a control but line feed and tab', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(visible(text).replaceAll(/[\n\t]/g, ''), /\p{Cc}/u)
    }),
  )
})

test('what stands on a line of its own makes no other line', () => {
  assert.equal(visibleLine('a\tb\nc\r\nd\u001b'), String.raw`a\tb\nc\nd\u001b`)
})

test('a name that somebody asked for adds no line to what is on record of it', () => {
  const recorded = {
    at: 0,
    file: 'audit.jsonl',
    line: 1,
    requestId: 'r1',
    trace: null,
    principal: 'service:demo',
    via: null,
    credential: 'sha256:aa',
    action: 'tools/call',
    name: 'x\nWAS ALLOWED  service:admin',
    decision: 'deny',
    reason: 'unknown_name',
    rule: null,
    confirmedBy: [],
    shadow: [],
    policy: 'sha256:bb',
    proofs: null,
    arguments: null,
  } as const
  const past = { recorded, replayed: { kind: 'unknown' }, explained: undefined, today: 'today' } as const
  const lines = pastLines(past, [], '/tmp')
  assert.ok(!lines.join('\n').includes('\nWAS ALLOWED'), lines.join('\n'))
})
