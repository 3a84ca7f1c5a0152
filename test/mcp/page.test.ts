import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ProtocolError } from '@modelcontextprotocol/server'
import { pageOf, type Page } from '../../src/mcp/page.ts'

const all = Array.from({ length: 2500 }, (_, at) => `tool_${String(at).padStart(4, '0')}`)
const page = (cursor?: string, of = all): Page<string> => pageOf(of, (name) => name, cursor)

test('a long list comes in pages of 1,000, each entry once and in order', () => {
  const seen: string[] = []
  const sizes: number[] = []
  let cursor: string | undefined
  do {
    const { entries, nextCursor }: Page<string> = page(cursor)
    seen.push(...entries)
    sizes.push(entries.length)
    cursor = nextCursor
  } while (cursor !== undefined)
  assert.deepEqual(sizes, [1000, 1000, 500])
  assert.deepEqual(seen, all)
})

test('a list that fits has no other page', () => {
  assert.deepEqual(page(undefined, []), { entries: [] })
  assert.equal(page(undefined, all.slice(0, 1000)).nextCursor, undefined)
  assert.equal(page(undefined, all.slice(0, 1001)).entries.length, 1000)
})

test('an entry that is gone or new moves no other between the pages', () => {
  const { nextCursor } = page()
  const others = all.filter((name) => name !== 'tool_0999' && name !== 'tool_0003')
  assert.equal(page(nextCursor, others).entries[0], 'tool_1000')
  assert.equal(page(nextCursor, ['tool_0999a', ...others].toSorted()).entries[0], 'tool_0999a')
})

test('a cursor that was made up is a place in the same list, or an error, and nothing else', () => {
  for (let at = 0; at < 2000; at++) {
    const cursor = randomBytes(at % 40).toString(at % 2 === 0 ? 'base64url' : 'latin1')
    try {
      assert.ok(page(cursor).entries.every((name) => all.includes(name)))
    } catch (error) {
      assert.ok(error instanceof ProtocolError)
      assert.deepEqual([error.code, error.message, error.data], [-32602, 'Invalid cursor', undefined])
    }
  }
  for (const cursor of ['A', 'YQ', '!!', 'AAA=', 'A'.repeat(1_000_000), '\u0000'])
    assert.throws(() => page(cursor), /Invalid cursor/)
  const beyond = Buffer.from('zzz', 'utf16le').toString('base64url')
  assert.deepEqual(page(beyond), { entries: [] })
})

test('names beyond the first plane keep their order', () => {
  const names = Array.from({ length: 1500 }, (_, at) => `note://${String.fromCodePoint(0x1f300 + at)}\ud800`)
  const sorted = names.toSorted((one, other) => (one < other ? -1 : 1))
  const first = page(undefined, sorted)
  assert.deepEqual([...first.entries, ...page(first.nextCursor, sorted).entries], sorted)
})
