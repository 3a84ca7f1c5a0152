import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { networkOf } from '../../src/login/network.ts'

test('an IPv4 address stands for itself, however it is written', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.notEqual(networkOf('192.0.2.7'), networkOf('192.0.2.8'))
})

test('an IPv6 address stands for its 64 bits, however it is written', () => {
  const same = [
    '2001:db8:0:1::',
    '2001:db8:0:1::1',
    '2001:DB8:0:1:a:b:c:d',
    '2001:0db8:0000:0001::5%eth0',
    '2001:db8:0:1:0:ffff:192.0.2.7',
  ]
  for (const address of same) assert.equal(networkOf(address), '2001:db8:0:1::', address)
  assert.equal(networkOf('::1'), '0:0:0:0::')
  assert.equal(networkOf('fe80::1%lo'), 'fe80:0:0:0::')
})

test('what is no address stands for itself', () => {
  for (const text of ['', 'unknown', 'a:b:zz', ':::']) assert.equal(networkOf(text), text)
})

test('two IPv6 addresses are of one network exactly if their first 64 bits are the same', () => {
  const group = fc.integer({ min: 0, max: 3 })
  const address = fc.tuple(group, group, group, group, group, group, group, group)
  const written = (groups: readonly number[]): string => groups.map((one) => one.toString(16)).join(':')
  fc.assert(
    fc.property(address, address, (one, other) => {
      const isSame = one.slice(0, 4).join() === other.slice(0, 4).join()
      assert.equal(networkOf(written(one)) === networkOf(written(other)), isSame)
    }),
  )
})
