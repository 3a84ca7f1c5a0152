import assert from 'node:assert/strict'
import { BlockList, isIPv4 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseNetwork } from '../../src/access/cidr.ts'

function has(network: string, address: string): boolean | undefined {
  const parsed = parseNetwork(network)
  assert.ok('has' in parsed, JSON.stringify(parsed))
  return parsed.has(address)
}

const ADDRESSES: readonly (readonly [network: string, address: string, has: boolean | undefined])[] = [
  ['10.0.0.0/8', '10.0.0.0', true],
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.0.0.0/8', '::ffff:10.0.0.1', true],
  ['10.0.0.0/8', '::ffff:a00:1', true],
  ['10.0.0.0/8', '::FFFF:10.0.0.1', true],
  ['10.0.0.0/8', '::10.0.0.1', false],
  ['::ffff:10.0.0.0/104', '10.0.0.1', true],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '2001:db8::1', true],
  ['::/0', '10.0.0.1', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.1/32', '192.0.2.1', true],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['::1', '0:0:0:0:0:0:0:1', true],
  ['10.0.0.0/8', '', undefined],
  ['10.0.0.0/8', '10.0.0', undefined],
  ['10.0.0.0/8', '10.0.0.1.1', undefined],
  ['10.0.0.0/8', '10.0.0.256', undefined],
  ['10.0.0.0/8', '010.0.0.1', undefined],
  ['10.0.0.0/8', '0x0a.0.0.1', undefined],
  ['10.0.0.0/8', '10.0.0.1/8', undefined],
  ['10.0.0.0/8', ' 10.0.0.1', undefined],
  ['10.0.0.0/8', '10.0.0.1%eth0', undefined],
  ['10.0.0.0/8', '1:2:3', undefined],
  ['10.0.0.0/8', '1::2::3', undefined],
  ['10.0.0.0/8', ':::', undefined],
  ['10.0.0.0/8', '1.2.3.4::', undefined],
  ['10.0.0.0/8', '::1.2.3', undefined],
  ['10.0.0.0/8', '12345::', undefined],
  ['10.0.0.0/8', '1:2:3:4:5:6:7:8:9', undefined],
  ['10.0.0.0/8', '1:2:3:4:5:6:7::8', undefined],
  ['10.0.0.0/8', '1:2:3:4:5:6::8', false],
  ['10.0.0.0/8', 'fe80::1%', undefined],
  ['10.0.0.0/8', '[::1]', undefined],
  ['fe80::/10', `fe80::1%${'a'.repeat(100)}`, undefined],
  ['10.0.0.0/8', '1'.repeat(200), undefined],
]

for (const [network, address, expected] of ADDRESSES) {
  const says = expected === undefined ? 'is no address to' : expected ? 'is in' : 'is not in'
  test(`${JSON.stringify(address.slice(0, 40))} ${says} ${network}`, () => {
    assert.equal(has(network, address), expected)
  })
}

test('every network has the addresses that Node says it has', () => {
  const few = fc.constantFrom('0', '1', '10', '99')
  const address = fc.oneof(
    fc.array(few, { minLength: 4, maxLength: 4 }).map((octets) => octets.join('.')),
    fc.array(few, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')),
  )
  fc.assert(
    fc.property(address, address, fc.nat(8), (base, other, parts) => {
      fc.pre(isIPv4(base) === isIPv4(other))
      const { network, prefix } = networkOf(base, parts)
      const list = new BlockList()
      list.addSubnet(network, prefix, isIPv4(base) ? 'ipv4' : 'ipv6')
      assert.equal(has(`${network}/${prefix}`, other), list.check(other, isIPv4(other) ? 'ipv4' : 'ipv6'))
      assert.equal(has(`${network}/${prefix}`, base), true)
    }),
    { numRuns: 500 },
  )
})

/** The network of the first parts of an address. */
function networkOf(base: string, parts: number): { readonly network: string; readonly prefix: number } {
  const [separator, bits] = isIPv4(base) ? ['.', 8] : [':', 16]
  const kept = base.split(separator).map((part, index) => (index < parts ? part : '0'))
  return { network: kept.join(separator), prefix: Math.min(parts, kept.length) * bits }
}

const PROBLEMS: readonly (readonly [network: string, problem: RegExp])[] = [
  ['', /is not a network/],
  ['10.0.0.0/8/8', /is not a network/],
  ['intranet', /is not a network/],
  ['10.0.0.0/33', /at most 32/],
  ['::/129', /at most 128/],
  ['10.0.0.0/', /at most 32/],
  ['10.0.0.0/-1', /at most 32/],
  ['10.0.0.0/08', /at most 32/],
  ['10.0.0.1/8', /bits set beyond/],
  ['2001:db8::1/32', /bits set beyond/],
  ['::ffff:10.0.0.0/8', /as such/],
]

for (const [network, problem] of PROBLEMS)
  test(`the network ${JSON.stringify(network)} is refused`, () => {
    const parsed = parseNetwork(network)
    assert.ok('problem' in parsed)
    assert.match(parsed.problem, problem)
  })
