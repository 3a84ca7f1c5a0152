import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SallyportError } from '../src/errors.ts'
import { exceptionLog } from '../src/exception-log.ts'

test('ASVS 16.5.2: a store that is gone is reported once a second, with how many were not, and everything else each time', () => {
  const written: object[] = []
  let now = 1_000_000
  const log = { error: (fields: object) => void written.push(fields), debug: () => undefined }
  const report = exceptionLog(log, () => now)
  const gone = new SallyportError('STORE_UNAVAILABLE', 'gone')
  const other = new TypeError('a bug')
  for (let at = 0; at < 500; at++) report(`r${at}`, gone)
  report('x', other)
  report('y', other)
  assert.deepEqual(written, [
    { requestId: 'r0', err: gone },
    { requestId: 'x', err: other },
    { requestId: 'y', err: other },
  ])
  now += 999
  report('soon', gone)
  now += 1
  report('later', gone)
  assert.deepEqual(written.at(-1), { requestId: 'later', err: gone, unwritten: 500 })
  now -= 5_000
  report('after the clock was set back', gone)
  assert.equal(written.length, 5)
})
