import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callSignals } from '../../src/mcp/call-signals.ts'

for (const which of [0, 1])
  test(`source ${which} ends a call, for its own reason`, () => {
    const sources = [new AbortController(), new AbortController()]
    const { signal, heard } = callSignals(sources.map((source) => source.signal))
    assert.deepEqual([signal.aborted, heard.aborted], [false, false])
    const reason = new Error('gone')
    sources[which]?.abort(reason)
    sources[1 - which]?.abort(new Error('later'))
    assert.equal(signal.reason, reason)
    assert.equal(heard.reason, reason)
  })

test('a call of who has gone already has ended', () => {
  const { signal, heard } = callSignals([new AbortController().signal, AbortSignal.abort('gone')])
  assert.deepEqual([signal.reason, heard.reason], ['gone', 'gone'])
})

test('nobody hears a handler that has ended, and its call is not broken off by that', () => {
  const source = new AbortController()
  const { signal, heard, over } = callSignals([source.signal])
  over()
  assert.deepEqual([signal.aborted, heard.aborted], [false, true])
  source.abort()
  assert.equal(signal.aborted, true)
})
