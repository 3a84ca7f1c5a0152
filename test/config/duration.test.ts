import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from '../../src/config/duration.ts'

test('a duration is a whole number of seconds, minutes, hours or days', () => {
  assert.equal(parseDuration('90s'), 90_000)
  assert.equal(parseDuration('30m'), 1_800_000)
  assert.equal(parseDuration('12h'), 43_200_000)
  assert.equal(parseDuration('7d'), 604_800_000)
})

test('anything else is none, never a guess', () => {
  for (const text of [
    '',
    '0s',
    '-1s',
    '1',
    '1.5h',
    '1e3s',
    ' 1s',
    '1s ',
    '1 s',
    '1S',
    '1ms',
    '1w',
    'NaN',
    's',
    '9999999999d',
    '1s\n',
  ])
    assert.equal(parseDuration(text), undefined, JSON.stringify(text))
})
