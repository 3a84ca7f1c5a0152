import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventsOf, type ServerEvent } from '../../src/wire/events.ts'
import { linesOf, type Line } from '../../src/wire/lines.ts'

/** Bytes in pieces of the given sizes; a size of 0 is one. */
function inPieces(bytes: Buffer, sizes: readonly number[]): Readable {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? 1)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return Readable.from(pieces)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const sizes = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 })

test('lines are the same however the bytes come, and what has no line end is none', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''))
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      line,
      fc.constantFrom('\n', '\r\n'),
      sizes,
      async (lines, rest, end, cut) => {
        const bytes = Buffer.from(lines.map((text) => text + end).join('') + rest)
        const found = await all(linesOf(inPieces(bytes, cut), 10_000))
        assert.deepEqual(
          found,
          lines.map((text) => ({ kind: 'text', text })),
        )
      },
    ),
  )
})

test('a line that is too long is passed over, and one that is no UTF-8 is told apart', async () => {
  const bytes = Buffer.concat([
    Buffer.from(`${'x'.repeat(11)}\nshort\n`),
    Buffer.from([0xc3, 0x28, 0x0a]),
    Buffer.from('end\n'),
  ])
  const expected: Line[] = [
    { kind: 'too_long', edges: 'x'.repeat(11) },
    { kind: 'text', text: 'short' },
    { kind: 'not_utf8' },
    { kind: 'text', text: 'end' },
  ]
  for (const size of [1, 3, 100]) assert.deepEqual(await all(linesOf(inPieces(bytes, [size]), 10)), expected)
})

test('events of a stream: comments, data of several lines, ids, times to wait, and types', async () => {
  const stream = [
    ': keepalive',
    '',
    'id: 1',
    'data:',
    '',
    'event: message',
    'data: {"a":',
    'data:1}',
    '',
    'retry: 250',
    '',
    'event: other',
    'data: x',
    'id',
    '',
    'retry: soon',
    'data: last',
    '',
    'data: cut off',
  ].join('\n')
  const events = await all(eventsOf(inPieces(Buffer.from(stream), [7]), 1000))
  const brief = events.map(({ type, data, lastId, retry }: ServerEvent) => [type, data, lastId, retry])
  assert.deepEqual(brief, [
    ['message', '', '1', undefined],
    ['message', '{"a":\n1}', '1', undefined],
    ['message', '', '1', 250],
    ['other', 'x', '', 250],
    ['message', 'last', '', 250],
  ])
})

test('of a line that is too long, how it begins and ends is told', async () => {
  const middle = 'x'.repeat(10_000)
  const bytes = Buffer.from(`{"id":1,${middle},"id":2}\n`)
  for (const size of [1, 127, 1000, 100_000]) {
    const [line] = await all(linesOf(inPieces(bytes, [size]), 1000))
    assert.ok(line?.kind === 'too_long')
    assert.ok(line.edges.startsWith('{"id":1,x') && line.edges.endsWith('x,"id":2}'), line.edges)
    assert.equal(line.edges.length, 256)
  }
})

test('an event of many short lines is bounded as a whole', async () => {
  await assert.rejects(all(eventsOf(inPieces(Buffer.from('data: x\n'.repeat(100)), [9]), 50)), /too long/)
})

test('an event that is too long ends the stream', async () => {
  await assert.rejects(
    all(eventsOf(inPieces(Buffer.from(`data: ${'x'.repeat(100)}\n\n`), [9]), 50)),
    /too long/,
  )
})
