import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUserCode } from '../../src/login/device-code.ts'
import { answerDevice, askedDevice, polledDevice, signedIn } from '../support/device.ts'
import { ENGINES } from '../support/login-door.ts'
import { throttledDoor } from '../support/throttled-door.ts'

for (const engine of ENGINES)
  describe(`guessing at the logins of devices, on ${engine}`, () => {
    test('ASVS 6.6.3: a session that tries codes is stopped, and others go on', async (t) => {
      const door = await throttledDoor(t, engine)
      const [mallory, alice] = [await door.addUser(), await door.addUser()]
      const guessing = await signedIn(door, mallory.name)
      const { userCode, deviceCode } = await askedDevice(door)
      const statuses: number[] = []
      for (let at = 0; at < 8; at++) statuses.push((await answerDevice(guessing, newUserCode())).status)
      assert.deepEqual(statuses, [409, 409, 409, 409, 409, 429, 429, 429])
      const stopped = await answerDevice(guessing, userCode, 'approve')
      assert.equal(stopped.status, 429)
      assert.ok(Number(stopped.headers['retry-after']) > 0)
      assert.equal((await polledDevice(door, deviceCode)).error, 'authorization_pending')
      const honest = await signedIn(door, alice.name)
      assert.match((await answerDevice(honest, userCode, 'approve')).body, /Terminal approved/)
    })

    test('codes that are right count for nothing', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      for (let at = 0; at < 8; at++) {
        const { userCode, deviceCode } = await askedDevice(door)
        assert.match((await answerDevice(browser, userCode, 'approve')).body, /Terminal approved/)
        assert.equal((await polledDevice(door, deviceCode)).status, 200)
      }
    })

    test('a network that asks and asks is told to wait, and no other', async (t) => {
      const door = await throttledDoor(t, engine)
      const statuses = new Set<number>()
      for (let at = 0; at < 80; at++)
        statuses.add((await door.post('/auth/device', { client: 'flood' })).status)
      assert.deepEqual(statuses, new Set([200, 429]))
      const { status } = await door.ask('/auth/device', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client: 'elsewhere' }),
        localAddress: '127.0.0.2',
      })
      assert.equal(status, 200)
    })
  })
