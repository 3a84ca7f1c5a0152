import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf, rateLimit } from '../../src/http/rate-limit.ts'

const RATES = { perKey: 2, overall: 5, window: 1_000 }

test('so many of one key are let through in a window, and so many of all', () => {
  const isLetThrough = rateLimit(RATES)
  assert.deepEqual(
    ['a', 'a', 'a', 'b', 'b', 'c', 'c', 'd'].map((key) => isLetThrough(key, 500)),
    [true, true, false, true, true, true, false, false],
  )
})

test('the next window begins anew, also after a long pause, and after a step back', () => {
  const isLetThrough = rateLimit({ ...RATES, perKey: 1 })
  assert.ok(isLetThrough('a', 999))
  assert.ok(!isLetThrough('a', 999))
  assert.ok(isLetThrough('a', 1_000))
  assert.ok(isLetThrough('a', 900_000))
  assert.ok(isLetThrough('a', 0))
})

test('what was refused counts for nothing', () => {
  const isLetThrough = rateLimit(RATES)
  for (let times = 0; times < 100; times++) isLetThrough('a', 0)
  assert.ok(isLetThrough('b', 0))
})

test('an IPv6 network of one site is one, and IPv4 is the same in both spellings', () => {
  assert.equal(networkOf('192.0.2.1'), '192.0.2.1')
  assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1')
  assert.equal(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:ffff::'))
  assert.notEqual(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:2:2::1'))
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0')
  assert.equal(networkOf('::1'), '0:0:0')
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0')
  assert.equal(networkOf(''), '')
})
