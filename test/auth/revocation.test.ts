import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AccountState } from '../../src/auth/account-state.ts'
import { strongerRevocation, type Revoked } from '../../src/auth/revocation.ts'

const small = fc.nat(3)
const PLAIN = { noNullPrototype: true } as const
const account: fc.Arbitrary<AccountState> = fc.record(
  {
    kind: fc.constant('account'),
    user: fc.constant('alice'),
    epoch: small,
    disabled: fc.boolean(),
    until: small,
  },
  PLAIN,
)
const user = fc.record(
  { kind: fc.constant('user'), user: fc.constant('alice'), epoch: small, until: small },
  PLAIN,
)
const session = fc.record({ kind: fc.constant('session'), digest: fc.constant('ab'), until: small }, PLAIN)
const three = <Entry extends Revoked>(one: fc.Arbitrary<Entry>) => fc.tuple<Revoked[]>(one, one, one)

test('it does not matter in which order, or how often, a node is told', () => {
  fc.assert(
    fc.property(fc.oneof(three(account), three(user), three(session)), ([a, b, c]) => {
      assert.ok(a && b && c)
      const join = strongerRevocation<Revoked>
      assert.deepEqual(join(a, b), join(b, a))
      assert.deepEqual(join(join(a, b), c), join(a, join(b, c)))
      assert.equal(join(a, a), a)
      const both = join(a, b)
      assert.equal(join(both, b), both)
    }),
  )
})

test('of an account the highest epoch counts, and of two of one epoch that it is disabled', () => {
  fc.assert(
    fc.property(fc.array(account, { minLength: 1 }), (states) => {
      const all = states.reduce(strongerRevocation<AccountState>)
      const epoch = Math.max(...states.map((state) => state.epoch))
      const newest = states.filter((state) => state.epoch === epoch)
      assert.deepEqual([all.epoch, all.disabled], [epoch, newest.some(({ disabled }) => disabled)])
      assert.equal(all.until, Math.max(...states.map(({ until }) => until)))
    }),
  )
})
