import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerDevice, askedDevice, browserWith, polledDevice, signedIn } from '../support/device.ts'
import { ENGINES, startDoor } from '../support/login-door.ts'

const HOUR = 3_600_000

for (const engine of ENGINES)
  describe(`terminals beyond the most sessions, on ${engine}`, () => {
    test('ASVS 7.5.2: whoever has an old session ends no other by approving one terminal after the other', async (t) => {
      const door = await startDoor(engine, () => ({ most: 4 }))
      t.after(() => door.close())
      const { name } = await door.addUser()
      const owner = await signedIn(door, name)
      const { browser: thief } = await browserWith(door, name, {
        authenticatedAt: door.options.now() - HOUR,
      })
      const devices: string[] = []
      for (let n = 0; n < 6; n++) {
        const { userCode, deviceCode } = await askedDevice(door)
        assert.equal((await answerDevice(thief, userCode, 'approve')).status, 200)
        devices.push(deviceCode)
      }
      const polled = await Promise.all(devices.map((deviceCode) => polledDevice(door, deviceCode)))
      assert.equal(polled.filter(({ token }) => token !== undefined).length, 2)
      assert.equal(polled.filter(({ error }) => error === 'access_denied').length, 4)
      assert.equal((await owner.get('/auth/session')).status, 200)

      // A login, which proves who it is, takes the place of the oldest as ever.
      const again = await signedIn(door, name)
      assert.equal((await again.get('/auth/session')).status, 200)
      assert.equal((await door.store.sessions.list(name, door.options.now())).length, 4)
    })
  })
