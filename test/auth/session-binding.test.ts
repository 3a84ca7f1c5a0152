import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bindingOf, isBoundTo, type Holder, type SessionBinding } from '../../src/auth/session-binding.ts'

const at = (address: string | undefined): Holder => ({ address, certificateKey: undefined })
const withKey = (certificateKey: string | undefined): Holder => ({ address: '10.0.0.1', certificateKey })
const KEY = 'ab'.repeat(32)

test('nothing is asked of a holder where sessions are not bound', () => {
  assert.equal(bindingOf(at(undefined), 'none'), null)
  assert.equal(isBoundTo(null, at(undefined), 'none'), true)
})

test('an address is bound by its prefix: 24 bits, 64 bits, and a mapped address as what it is', () => {
  const prefixes: Readonly<Record<string, string>> = {
    '203.0.113.77': '203.0.113.0/24',
    '::ffff:203.0.113.77': '203.0.113.0/24',
    '::FFFF:cb00:714d': '203.0.113.0/24',
    '0:0:0:0:0:ffff:203.0.113.77': '203.0.113.0/24',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:DB8:1:2::1': '2001:db8:1:2::/64',
    '2001:db8::1': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    '::': '0:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
  }
  for (const [address, prefix] of Object.entries(prefixes))
    assert.equal(bindingOf(at(address), 'address'), `address:${prefix}`, address)
})

test('what is no address binds nothing, and there is no session for it', () => {
  for (const address of [
    undefined,
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    ':::',
    '::1]/',
    '12345::',
    'a.b.c.d',
  ])
    assert.equal(bindingOf(at(address), 'address'), undefined, String(address))
})

test('a key is bound whole, and without one there is no session', () => {
  assert.equal(bindingOf(withKey(KEY), 'certificate'), `certificate:${KEY}`)
  assert.equal(bindingOf(withKey(undefined), 'certificate'), undefined)
})

test('a session is of use to whom it is bound to, and to nobody else', () => {
  const byte = fc.nat(255)
  const address = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join('.'))
  fc.assert(
    fc.property(address, address, (one, other) => {
      const bound = bindingOf(at(one), 'address') ?? null
      const isNear = one.split('.').slice(0, 3).join() === other.split('.').slice(0, 3).join()
      assert.equal(isBoundTo(bound, at(other), 'address'), isNear)
      assert.equal(isBoundTo(bound, at(`::ffff:${other}`), 'address'), isNear)
    }),
  )
  assert.equal(isBoundTo(`certificate:${KEY}`, withKey(KEY), 'certificate'), true)
  for (const holder of [withKey('cd'.repeat(32)), withKey(undefined), withKey('')])
    assert.equal(isBoundTo(`certificate:${KEY}`, holder, 'certificate'), false)
})

test('a session that is bound to less than is asked for now is of no use, one that is bound to more stays bound', () => {
  const cases: readonly (readonly [bound: string | null, mode: SessionBinding, isGood: boolean])[] = [
    [null, 'address', false],
    [null, 'certificate', false],
    ['address:10.0.0.0/24', 'certificate', false],
    [`certificate:${KEY}`, 'address', false],
    ['address:10.0.0.0/24', 'none', true],
    ['address:10.0.1.0/24', 'none', false],
    [`certificate:${KEY}`, 'none', true],
    ['something:else', 'none', false],
    ['', 'none', false],
  ]
  for (const [bound, mode, isGood] of cases)
    assert.equal(isBoundTo(bound, withKey(KEY), mode), isGood, `${bound} under ${mode}`)
})
