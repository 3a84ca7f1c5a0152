import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../src/audit/event.ts'
import { upstreamEvents } from '../../src/cli/upstream-events.ts'
import type { UpstreamEvent } from '../../src/mcp/upstreams/ports.ts'

type Line = Readonly<Record<string, unknown>>

/** What of these events is on record and in the log, at a time that stands still unless the test moves it. */
function told() {
  const clock = { now: 0 }
  const [record, log]: [AuditEvent[], Line[]] = [[], []]
  const write = (fields: Line, message: string): void => void log.push({ ...fields, message })
  const inform = upstreamEvents(
    { record: async (event) => void record.push(event) },
    { info: write, warn: write, error: write },
    () => clock.now,
  )
  return { clock, record, log, inform }
}

type Failed = Extract<UpstreamEvent, { kind: 'unanswered' }>
const failed = (answer: Failed['answer']): Failed => ({
  kind: 'unanswered',
  upstream: 'wiki',
  method: 'tools/call',
  requestId: 'request-1',
  answer,
})

test('the request id that a caller is told leads the operator to why there is no result', () => {
  const { log, record, inform } = told()
  inform(failed({ kind: 'down', sent: false, why: 'connect ECONNREFUSED\n10.0.0.5' }))
  inform(failed({ kind: 'timeout' }))
  inform(failed({ kind: 'cancelled' }))
  const message = 'a call of an upstream has no result'
  const call = { upstream: 'wiki', method: 'tools/call', requestId: 'request-1', message }
  assert.deepEqual(log, [
    { ...call, answer: 'down', why: String.raw`connect ECONNREFUSED\n10.0.0.5` },
    { ...call, answer: 'timeout', why: undefined },
  ])
  assert.deepEqual(record, [], 'the call itself is on record where it was decided')
})

test('calls that fail without an end fill no log', () => {
  const { clock, log, inform } = told()
  for (let call = 0; call < 1000; call++) inform(failed({ kind: 'timeout' }))
  assert.equal(log.length, 101)
  assert.equal(log.at(-1)?.['message'], 'more calls of this upstream fail than are logged')
  // Lists that fail keep no failed call from the log.
  inform({ ...failed({ kind: 'timeout' }), method: 'resources/list' })
  assert.equal(log.length, 102)
  clock.now = 60_000
  inform(failed({ kind: 'timeout' }))
  assert.equal(log.length, 103)
})

test('an upstream that comes and goes is logged each time, and on record once in ten seconds', () => {
  const { clock, record, log, inform } = told()
  const comeAndGo = (): void => {
    inform({ kind: 'up', upstream: 'wiki', era: '2025-11-25', version: '1.0' })
    inform({ kind: 'down', upstream: 'wiki', why: 'it ended' })
  }
  for (let time = 0; time < 3; time++) comeAndGo()
  assert.equal(log.length, 6)
  assert.deepEqual(
    record.map(({ event }) => event),
    ['upstream.up', 'upstream.down'],
  )
  clock.now = 10_000
  comeAndGo()
  assert.equal(record.length, 4)
})

test('an upstream of which nothing was ever approved is one line of the log, and on record in full', () => {
  const { record, log, inform } = told()
  const all = (kind: 'quarantined' | 'released'): void => {
    for (let at = 0; at < 14; at++)
      inform({
        kind,
        upstream: 'wiki',
        definition: { kind: 'tool', name: `t${at}`, reason: 'new' },
        isUnapproved: true,
      })
  }
  all('quarantined')
  inform({ kind: 'unapproved', upstream: 'wiki', count: 14 })
  all('released')
  assert.deepEqual(log, [
    {
      upstream: 'wiki',
      message: 'an upstream offers 14 definitions that nobody has approved: npx sallyport lock diff wiki',
    },
  ])
  assert.equal(record.length, 28)
})

test('definitions that come and go without an end fill neither log nor trail, and hide nothing of others', () => {
  const { clock, record, log, inform } = told()
  const flap = (upstream: string, at: number): void => {
    const definition = { kind: 'tool', name: `t${at}`, reason: 'new' } as const
    inform({ kind: 'quarantined', upstream, definition, isUnapproved: false })
    inform({ kind: 'released', upstream, definition, isUnapproved: false })
  }
  for (let at = 0; at < 10_000; at++) flap('wiki', at)
  assert.equal(record.length, 2000)
  assert.equal(log.length, 2001)
  assert.equal(
    log.at(-1)?.['message'],
    'more definitions of this upstream come and go than are logged and put on record',
  )
  flap('files', 1)
  assert.equal(record.length, 2002)
  clock.now = 3_600_000
  flap('wiki', 1)
  assert.equal(record.length, 2004)
})
