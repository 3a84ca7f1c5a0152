import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { CHAIN_START, chainLine } from '../../src/audit/chain.ts'
import type { ChainEnd } from '../../src/audit/chain.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { DECIDED } from '../support/audit-events.ts'
import { verifyChain } from '../support/chain.ts'

const decided = DECIDED
const AT = Date.UTC(2026, 10, 21, 10)

function chainOf(resources: readonly string[]): string[] {
  let end: ChainEnd = CHAIN_START
  return resources.map((resource) => {
    const made = chainLine({ ...decided, resource }, AT, end)
    end = made.end
    return made.line
  })
}

test('ASVS 16.2.2: the time of a line is in UTC, wherever the server stands', (t) => {
  const { TZ } = process.env
  t.after(() => {
    if (TZ === undefined) delete process.env['TZ']
    else process.env['TZ'] = TZ
  })
  process.env['TZ'] = 'Asia/Kathmandu'
  assert.equal(new Date(AT).getHours(), 15)
  assert.match(chainLine(decided, AT, CHAIN_START).line, /"at":"2026-11-21T10:00:00\.000Z"/)
})

test('a line has the published keys in the published order', () => {
  const { line } = chainLine(decided, AT, { seq: 16, hash: `sha256:${'2'.repeat(64)}` })
  const hash = /"hash":"(.*)"\}$/.exec(line)?.[1]
  assert.equal(
    line,
    `{"v":1,"seq":17,"at":"2026-11-21T10:00:00.000Z","event":"tool.decided","requestId":"r-1",` +
      `"principal":"service:demo","methods":["certificate"],"credential":"sha256:${'0'.repeat(64)}",` +
      `"action":"tools/call","resource":"notes_write","decision":"deny","reason":"no_permission","rule":null,` +
      `"policy":"sha256:${'1'.repeat(64)}","shadow":[],"confirmedBy":[],` +
      `"proofs":{"authenticatedAt":"2026-11-21T10:00:00.000Z","mfaAt":null,"address":null,"certificate":null,` +
      `"ceilings":[]},"arguments":null,"trace":null,` +
      `"prev":"sha256:${'2'.repeat(64)}","hash":"${hash}"}`,
  )
  const body = line.replace(`,"hash":"${hash}"`, '')
  assert.equal(hash, `sha256:${createHash('sha256').update(body).digest('hex')}`)
})

test('ASVS 16.2.4: fields without a place of their own stand between policy and prev', () => {
  const event: AuditEvent = { event: 'policy.rejected', problem: 'broken', policy: 'sha256:x' }
  const { line } = chainLine(event, AT, CHAIN_START)
  const keys = Object.keys(JSON.parse(line)).join(' ')
  assert.equal(keys, 'v seq at event policy problem prev hash')
})

test('an event cannot speak for the chain: reserved keys in it are left out', () => {
  const forged = { ...decided, seq: 99, prev: 'sha256:forged', hash: 'sha256:forged', at: 'never' }
  const { line } = chainLine(forged, AT, CHAIN_START)
  assert.equal(JSON.parse(line).seq, 1)
  assert.ok(!line.includes('forged') && !line.includes('never'))
})

test('a chain holds, and continues where another ended', () => {
  const lines = chainOf(['a', 'b', 'c', 'd'])
  const first = verifyChain(lines.slice(0, 2))
  assert.ok(first.ok)
  assert.equal(first.end.seq, 2)
  assert.ok(verifyChain(lines.slice(2), first.end).ok)
  assert.equal(verifyChain(lines.slice(2)).ok, false, 'a chain that starts in the middle')
  assert.ok(verifyChain(lines.slice(2), null).ok, 'unless where it starts is not known')
  assert.ok(verifyChain([]).ok)
})

test('a changed byte anywhere is found', () => {
  const lines = chainOf(['a', 'b', 'c'])
  const text = Buffer.from(lines.join('\n'))
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), (position, flip) => {
      const changed = Buffer.from(text)
      changed[position] = (changed[position] ?? 0) ^ flip
      assert.equal(verifyChain(changed.toString('latin1').split('\n')).ok, false)
    }),
    { numRuns: 2000 },
  )
})

test('a line left out, doubled or moved is found, at its number', () => {
  const [a = '', b = '', c = ''] = chainOf(['a', 'b', 'c'])
  assert.deepEqual(verifyChain([a, c]), {
    ok: false,
    line: 2,
    problem: 'line 2 of the chain was expected, found 3: lines were removed before it',
  })
  assert.equal(verifyChain([a, b, b]).ok, false)
  assert.equal(verifyChain([a, c, b]).ok, false)
  assert.equal(verifyChain([b, c]).ok, false)
})

test('ASVS 16.4.3: what a copy elsewhere knows is found out when it was rewritten or cut off here', () => {
  const shipped = chainOf(['a', 'b', 'c'])
  const known = verifyChain(shipped)
  assert.ok(known.ok)
  for (const here of [shipped.slice(0, 2), chainOf(['a', 'b', 'x'])]) {
    const found = verifyChain(here)
    assert.ok(found.ok, 'by itself it holds')
    assert.notDeepEqual(found.end, known.end)
  }
})

test('a rewritten line with a right hash of its own is found by the next one', () => {
  const [a = '', , c = ''] = chainOf(['a', 'b', 'c'])
  const end = verifyChain([a])
  assert.ok(end.ok)
  const forged = chainLine({ ...decided, decision: 'allow', resource: 'b' }, AT, end.end).line
  assert.equal(verifyChain([a, forged, c]).ok, false)
  const skipping = chainLine(decided, AT, { ...end.end, seq: 7 }).line
  assert.equal(verifyChain([a, skipping]).ok, false, 'a number left out')
})

test('whatever a stranger calls a resource, it stays one bounded line of printable JSON', () => {
  const tricky = fc.constantFrom(
    '\n',
    '\r',
    '\u001b',
    '\u007f',
    '\u009b',
    '\u2028',
    '\u202e',
    '\u2066',
    '"',
    '\ud800',
  )
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: tricky, maxLength: 300 }),
    fc.string({ maxLength: 2000 }),
  )
  fc.assert(
    fc.property(name, (resource) => {
      const { line } = chainLine({ ...decided, resource }, AT, CHAIN_START)
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      assert.ok(!/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(line))
      assert.ok(line.length < 4000)
      assert.ok(verifyChain([line]).ok)
      const written: unknown = JSON.parse(line).resource
      if (resource.length <= 256 && resource.isWellFormed()) assert.equal(written, resource)
    }),
  )
})

test('two long names with the same beginning stay different', () => {
  const long = 'x'.repeat(300)
  const [one, other] = chainOf([`${long}1`, `${long}2`]).map((line) => String(JSON.parse(line).resource))
  assert.notEqual(one, other)
  const digest = createHash('sha256').update(`${long}1`).digest('hex')
  assert.equal(one, `${'x'.repeat(256)}…sha256:${digest}`)
})
