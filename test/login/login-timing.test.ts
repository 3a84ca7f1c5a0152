import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CHEAP, ENGINES, startDoor } from '../support/login-door.ts'
import { loginTimes } from '../support/login-timing.ts'
import { welch } from '../support/welch.ts'

const PAIRS = 150

for (const engine of ENGINES)
  describe(`the time of a login that fails, on ${engine}`, () => {
    for (const [who, fields] of [
      ['known', {}],
      ['disabled', { disabled: true }],
    ] as const)
      test(`ASVS 6.3.8: does not tell a ${who} name from an unknown one`, async (t) => {
        const door = await startDoor(engine)
        t.after(() => door.close())
        const { name } = await door.addUser(fields)
        await loginTimes(door, 50, () => name)
        const { known, unknown } = await loginTimes(door, PAIRS, () => name)
        const { medians, p } = welch(known, unknown)
        assert.ok(Math.abs(medians[0] - medians[1]) < 1, `medians ${medians.join()} ms`)
        // Coarse, for a busy machine; test/soak has the fine one.
        assert.ok(p > 1e-6, `p = ${p}, medians ${medians.join()} ms`)
      })

    test('every refusal makes one hash and opens one sealed text, whoever it is of', async (t) => {
      const done: string[] = []
      const door = await startDoor(engine, () => ({
        passwords: { ...CHEAP, verify: async (...given) => (done.push('hash'), CHEAP.verify(...given)) },
      }))
      t.after(() => door.close())
      const { vault } = door.options
      const { name } = await door.addUser()
      const disabled = await door.addUser({ disabled: true })
      t.mock.method(
        vault,
        'open',
        ((open) => (user: string, sealed: string) => {
          done.push('open')
          return open(user, sealed)
        })(vault.open),
      )
      t.mock.method(
        vault,
        'openDecoy',
        ((open) => () => {
          done.push('open')
          open()
        })(vault.openDecoy),
      )
      for (const username of [name, disabled.name, 'nobody']) {
        done.length = 0
        await door.post('/auth/login', { username, password: 'wrong horse battery' })
        assert.deepEqual(done, ['open', 'hash'], username)
      }
    })
  })
