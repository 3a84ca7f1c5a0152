import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerDevice, askedDevice, polledDevice, signedIn } from '../support/device.ts'
import { bearer } from '../support/factor-user.ts'
import { ENGINES, PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'

for (const engine of ENGINES)
  describe(`a terminal that somebody was talked into approving, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    /** The token of a terminal, approved in a browser that logged in a moment ago. */
    async function approvedTerminal(): Promise<{ readonly name: string; readonly token: string }> {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const { userCode, deviceCode } = await askedDevice(door)
      await answerDevice(browser, userCode, 'approve')
      const { token = '' } = await polledDevice(door, deviceCode)
      return { name, token }
    }

    test('ASVS 7.5.1: changes nothing that its person logs in by, however fresh the login was that approved it', async () => {
      const { name, token } = await approvedTerminal()
      for (const path of ['/auth/enrol/totp', '/auth/enrol/passkey/options']) {
        const answer = await door.post(path, {}, { ...bearer(token), host: `localhost:${door.port}` })
        assert.deepEqual([path, answer.status], [path, 403])
      }
      assert.equal((await door.credentialsOf(name)).enrolling, null)
    })

    test('ASVS 7.5.2: ends no other session of its person', async () => {
      const { name, token } = await approvedTerminal()
      const earlier = await door.store.sessions.list(name, door.options.now())
      for (const path of ['/auth/sessions/end-others', '/auth/sessions/end-all']) {
        const answer = await door.post(path, {}, bearer(token))
        assert.deepEqual([path, answer.status], [path, 403])
      }
      const later = await door.store.sessions.list(name, door.options.now())
      assert.deepEqual(
        later.map(({ record }) => record.digest),
        earlier.map(({ record }) => record.digest),
      )
    })

    test('does both for who proves in it that he is that person, and stays so when it is rotated', async () => {
      const { token } = await approvedTerminal()
      const proved = await door.post('/auth/reauthenticate', { password: PASSWORD }, bearer(token))
      const { token: fresh = '' } = proved.json() as { token?: string }
      const ended = await door.post('/auth/sessions/end-others', {}, bearer(fresh))
      assert.equal(ended.status, 200, ended.body)
      const { token: rotated = '' } = ended.json() as { token?: string }
      assert.equal((await door.post('/auth/enrol/totp', {}, bearer(rotated))).status, 200)
    })
  })
