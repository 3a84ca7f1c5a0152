import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceContext, traceHeaders } from '../../src/http/trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const GOOD = `00-${TRACE}-${PARENT}-01`

test('W3C Trace Context: a good traceparent is taken, with its tracestate', () => {
  const context = traceContext(GOOD, 'congo=t61rcWkgMzE,rojo=1')
  assert.equal(context?.traceId, TRACE)
  assert.equal(context.spanId, PARENT)
  assert.equal(context.traceFlags, 1)
  assert.equal(context.isRemote, true)
  assert.equal(context.traceState?.serialize(), 'congo=t61rcWkgMzE,rojo=1')
})

test('what is handed on is well-formed, and says the same', () => {
  const context = traceContext(`cc-${TRACE}-${PARENT}-ff-what-will-be`, 'congo=t61rcWkgMzE,=bad,rojo=1')
  assert.ok(context)
  const { traceparent, tracestate } = traceHeaders(context)
  assert.equal(traceparent, GOOD)
  assert.equal(tracestate, 'congo=t61rcWkgMzE,rojo=1')
  const alone = traceContext(`00-${TRACE}-${PARENT}-00`, undefined)
  assert.deepEqual(alone && traceHeaders(alone), { traceparent: `00-${TRACE}-${PARENT}-00` })
})

test('of the flags only "sampled" is known, and later versions may add to the end', () => {
  assert.equal(traceContext(`00-${TRACE}-${PARENT}-00`, undefined)?.traceFlags, 0)
  assert.equal(traceContext(`00-${TRACE}-${PARENT}-fe`, undefined)?.traceFlags, 0)
  assert.equal(traceContext(`00-${TRACE}-${PARENT}-ff`, undefined)?.traceFlags, 1)
  assert.equal(traceContext(`cc-${TRACE}-${PARENT}-01-what-will-be`, undefined)?.traceId, TRACE)
})

test('what is malformed counts as absent', () => {
  const rows: readonly unknown[] = [
    undefined,
    null,
    42,
    { traceparent: GOOD },
    [GOOD],
    '',
    'x',
    ` ${GOOD}`,
    `${GOOD}\n`,
    `${GOOD}-more`,
    GOOD.toUpperCase(),
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}`,
    `${GOOD}, ${GOOD}`,
    `cc-${TRACE}-${PARENT}-01-${'x'.repeat(200)}`,
    `cc-${TRACE}-${PARENT}-01.what`,
  ]
  for (const row of rows) assert.equal(traceContext(row, 'a=1'), undefined, JSON.stringify(row))
})

test('a tracestate that is malformed or endless costs the trace nothing', () => {
  for (const state of [undefined, 42, ['a=1'], 'no', `a=${'x'.repeat(600)}`, '=1,B=2']) {
    const context = traceContext(GOOD, state)
    assert.equal(context?.traceId, TRACE)
    assert.equal(context.traceState?.serialize() ?? '', '', JSON.stringify(state))
  }
})
