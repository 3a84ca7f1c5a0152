import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { LoginOptions } from '../../src/login/options.ts'
import type { Store } from '../../src/store/store.ts'
import {
  CHEAP,
  ENGINES,
  PASSWORD,
  startDoor,
  testBrowser,
  type Engine,
  type LoginDoor,
  type TestBrowser,
} from '../support/login-door.ts'

const NEW_PASSWORD = 'another long password'

/** A point inside the server: the next request that reaches it waits there until it is let on. */
interface Gate {
  /** Closes it for one request; resolves once that one is there. */
  hold(): Promise<void>
  letOn(): void
  pass(): Promise<void>
}

function newGate(): Gate {
  let arrived: (() => void) | undefined
  let release: () => void = () => undefined
  return {
    hold: () =>
      new Promise((resolve) => {
        arrived = resolve
      }),
    letOn: () => release(),
    async pass() {
      if (arrived === undefined) return
      const arrive = arrived
      arrived = undefined
      await new Promise<void>((resolve) => {
        release = resolve
        arrive()
      })
    },
  }
}

/** Where a request may be held: each makes the options of a door with the gate built in. */
const PLACES = {
  afterValidation:
    (gate: Gate) =>
    ({ sessions }: Store): Partial<LoginOptions> => ({
      sessions: {
        ...sessions,
        async validate(digest, slot, now) {
          const live = await sessions.validate(digest, slot, now)
          await gate.pass()
          return live
        },
      },
    }),
  beforeOpening:
    (gate: Gate) =>
    ({ sessions }: Store): Partial<LoginOptions> => ({
      sessions: {
        ...sessions,
        async open(record, idleExpiresAt, replaces, now, most) {
          await gate.pass()
          return sessions.open(record, idleExpiresAt, replaces, now, most)
        },
      },
    }),
  whileHashing: (gate: Gate) => (): Partial<LoginOptions> => ({
    passwords: {
      ...CHEAP,
      async hash(password) {
        await gate.pass()
        return CHEAP.hash(password)
      },
    },
  }),
}

async function signedIn(
  t: TestContext,
  engine: Engine,
  place: keyof typeof PLACES,
): Promise<{ door: LoginDoor; gate: Gate; browser: TestBrowser; cookie: string; name: string }> {
  const gate = newGate()
  const door = await startDoor(engine, PLACES[place](gate))
  t.after(() => door.close())
  const { name } = await door.addUser()
  const browser = testBrowser(door)
  assert.equal((await browser.post('/auth/login', { username: name, password: PASSWORD })).status, 200)
  return { door, gate, browser, cookie: browser.cookieHeader(), name }
}

/** A second window of the same browser: the same cookies, seen now. */
async function logOut(door: LoginDoor, cookie: string): Promise<void> {
  assert.equal((await door.post('/auth/logout', undefined, { cookie })).status, 204)
}

async function isLive(door: LoginDoor, cookie: string): Promise<boolean> {
  return (await door.ask('/auth/session', { headers: { cookie } })).status === 200
}

for (const engine of ENGINES)
  describe(`a logout while a request is in flight, on ${engine}`, () => {
    for (const path of ['/auth/session', '/account'])
      test(`is not undone by GET ${path}`, async (t) => {
        const { door, gate, browser, cookie } = await signedIn(t, engine, 'afterValidation')
        const there = gate.hold()
        const inFlight = browser.get(path)
        await there
        await logOut(door, cookie)
        gate.letOn()
        assert.equal((await inFlight).headers['set-cookie'], undefined)
        assert.equal(await isLive(door, cookie), false)
      })

    test('is not undone by a page that writes the state of the browser late', async (t) => {
      const { door, gate, browser } = await signedIn(t, engine, 'afterValidation')
      await browser.get('/password')
      const fields = { password: PASSWORD, newPassword: NEW_PASSWORD, repeat: NEW_PASSWORD }
      assert.equal((await browser.submit('/auth/password', fields)).status, 303)
      const cookie = browser.cookieHeader()
      const there = gate.hold()
      const inFlight = browser.get('/account')
      await there
      await logOut(door, cookie)
      gate.letOn()
      assert.match((await inFlight).body, /Your password is changed/)
      assert.equal(await isLive(door, cookie), false)
    })

    for (const place of ['whileHashing', 'beforeOpening'] as const)
      test(`is not undone by a change of the password that is held ${place}`, async (t) => {
        const { door, gate, browser, cookie } = await signedIn(t, engine, place)
        const there = gate.hold()
        const inFlight = browser.post('/auth/password', { newPassword: NEW_PASSWORD, password: PASSWORD })
        await there
        await logOut(door, cookie)
        gate.letOn()
        const answer = await inFlight
        assert.equal(answer.status, 401)
        assert.equal(answer.headers['set-cookie'], undefined)
        assert.equal(await isLive(door, cookie), false)
      })

    test('leaves a new login its new session, and the old one ended', async (t) => {
      const { door, gate, browser, cookie, name } = await signedIn(t, engine, 'beforeOpening')
      const there = gate.hold()
      const inFlight = browser.post('/auth/login', { username: name, password: PASSWORD })
      await there
      await logOut(door, cookie)
      gate.letOn()
      assert.equal((await inFlight).status, 200)
      assert.equal(await isLive(door, cookie), false)
      assert.equal(await isLive(door, browser.cookieHeader()), true)
    })

    test('ends the session for whatever is asked after it, however much is in flight', async (t) => {
      const { door, browser, cookie } = await signedIn(t, engine, 'beforeOpening')
      const paths = ['/auth/session', '/account', '/auth/refresh', '/auth/session', '/password']
      const ask = (path: string) =>
        path === '/auth/refresh' ? browser.post(path, undefined, { cookie }) : browser.get(path, { cookie })
      const early = paths.map(ask)
      const logout = logOut(door, cookie)
      const meanwhile = paths.map(ask)
      await logout
      const late = await Promise.all(paths.map(ask))
      await Promise.all([...early, ...meanwhile])
      assert.deepEqual(
        late.map(({ status }) => status),
        [401, 303, 401, 401, 303],
      )
      assert.equal(await isLive(door, cookie), false)
    })
  })
