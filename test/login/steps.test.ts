import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { PendingStep } from '../../src/auth/session-record.ts'
import type { Opening } from '../../src/login/open-session.ts'
import { ROUTES } from '../../src/login/routes.ts'
import { pageOf } from '../../src/login/step-page.ts'
import { ANY_STEP, COMPLETE, type Steps } from '../../src/login/visitor.ts'
import { browserWith } from '../support/device.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import { startDoor, type LoginDoor } from '../support/login-door.ts'

/** A session that lacks something, or nothing. */
interface State {
  readonly called: string
  readonly opening: Partial<Opening>
  /** Whether the user has an authenticator app, */
  readonly hasFactor: boolean
  /** and a role that has come to ask for a second factor. */
  readonly isRequired: boolean
  readonly lacks: PendingStep | null
}

const STATES: readonly State[] = [
  { called: 'complete', opening: {}, hasFactor: false, isRequired: false, lacks: null },
  {
    called: 'complete, with a second factor',
    opening: { mfaAt: 1 },
    hasFactor: true,
    isRequired: true,
    lacks: null,
  },
  {
    called: 'pending, for the second factor',
    opening: { pending: 'second_factor' },
    hasFactor: true,
    isRequired: false,
    lacks: 'second_factor',
  },
  {
    called: 'pending, for a password',
    opening: { pending: 'change_password' },
    hasFactor: false,
    isRequired: true,
    lacks: 'change_password',
  },
  {
    called: 'pending, to enrol',
    opening: { pending: 'enrol' },
    hasFactor: false,
    isRequired: true,
    lacks: 'enrol',
  },
  {
    called: 'complete until a role came to ask for a second factor',
    opening: {},
    hasFactor: false,
    isRequired: true,
    lacks: 'enrol',
  },
  {
    called: 'complete until a role came to ask for the factor that it never gave',
    opening: {},
    hasFactor: true,
    isRequired: true,
    lacks: 'second_factor',
  },
]

/** Whatever is not here is for complete sessions, also what is added one day. */
const STEPS: Readonly<Record<string, Steps>> = {
  '/second-factor': ['second_factor'],
  '/password': [null, 'change_password'],
  '/enrol': [null, 'enrol'],
  '/auth/factor': ['second_factor'],
  '/auth/password': [null, 'change_password'],
  '/auth/enrol/totp': [null, 'enrol'],
  '/auth/enrol/passkey': [null, 'enrol'],
  '/auth/enrol/passkey/options': [null, 'enrol'],
  '/auth/passkey/options': [null, 'second_factor'],
  '/auth/logout': ANY_STEP,
}

/** For strangers: whoever asks has no right by his session here. */
const PUBLIC: ReadonlySet<string> = new Set([
  '/',
  '/login',
  '/auth/login',
  '/auth/device',
  '/auth/device/token',
])

/** Of forms alone, or read before anybody is asked for: their own tests say whom they are for. */
const ELSEWHERE: ReadonlySet<string> = new Set(['/auth/device/approve', '/auth/confirm', '/auth/passkey'])

/** Only for who was complete when it was opened: who has to enrol since may prove himself again for that. */
const REAUTHENTICATION: ReadonlySet<string> = new Set(['/reauthenticate', '/auth/reauthenticate'])

function isFor(path: string, { lacks, opening }: State): boolean {
  if (REAUTHENTICATION.has(path)) return lacks === null || (lacks === 'enrol' && opening.pending !== 'enrol')
  return (STEPS[path] ?? COMPLETE).includes(lacks)
}

/** What has the right shape, so that whoever is let in is told something else. */
const BODIES: Readonly<Record<string, object>> = {
  '/auth/factor': { code: '000000' },
  '/auth/reauthenticate': { password: 'not the password', code: '000000' },
  '/auth/sessions/end': { id: 'someone' },
}

const paths = (method: keyof typeof ROUTES): readonly string[] =>
  Object.keys(ROUTES[method]).filter((path) => !PUBLIC.has(path) && !ELSEWHERE.has(path))
const isPage = (path: string): boolean => !path.startsWith('/auth/')

describe('ASVS 6.3.4, 8.3.1: a session that lacks a step', () => {
  let door: LoginDoor
  const required = new Set<string>()
  before(async () => {
    door = await startDoor('sqlite', () => ({
      rightsOf: ({ name }) => ({
        roles: ['reader'],
        permissions: Object.freeze({}) as never,
        secondFactorRequired: required.has(name),
      }),
    }))
  })
  after(() => door.close())

  const inState = async ({ opening, hasFactor, isRequired }: State) => {
    const { name } = await factorUser(door, hasFactor ? {} : { totp: null, recoveryCodes: [] })
    const now = door.options.now()
    const session = await browserWith(door, name, {
      ...opening,
      ...(opening.mfaAt === 1 ? { mfaAt: now } : {}),
    })
    if (isRequired) required.add(name)
    return session
  }

  for (const state of STATES)
    test(`${state.called}, reaches what is for that and nothing else`, async () => {
      for (const path of paths('get').filter(isPage)) {
        const { browser } = await inState(state)
        const { status, headers } = await browser.get(path)
        if (!isFor(path, state))
          assert.deepEqual([status, headers.location], [303, pageOf(state.lacks)], path)
        else if (headers.location !== undefined)
          assert.equal(`${path} ${headers.location}`, '/recovery-codes /account')
        // There is nothing of that name.
        else assert.equal(status, path.includes(':') ? 404 : 200, path)
      }
      for (const method of ['get', 'post', 'delete'] as const)
        for (const path of paths(method).filter((one) => !isPage(one))) {
          const { opened } = await inState(state)
          const answer = await door.ask(path.replace(/:\w+/, 'someone'), {
            method: method.toUpperCase(),
            headers: { ...bearer(opened.token), 'content-type': 'application/json' },
            ...(method === 'post' ? { body: JSON.stringify(BODIES[path] ?? {}) } : {}),
          })
          const isRefused = answer.body.includes('"error":"unauthenticated"')
          assert.equal(isRefused, !isFor(path, state), `${method} ${path}: ${answer.status} ${answer.body}`)
        }
    })

  test('a role that asks for a second factor counts from the next request on, and no longer once it does not', async () => {
    const { name } = await door.addUser()
    const { browser } = await browserWith(door, name)
    assert.equal((await browser.get('/account')).status, 200)
    required.add(name)
    assert.equal((await browser.get('/account')).headers.location, '/enrol')
    assert.equal((await browser.get('/auth/session')).status, 401)
    required.delete(name)
    assert.equal((await browser.get('/account')).status, 200)
  })

  test('whose credentials cannot be opened lacks a factor that nobody can give, and does not enrol another', async () => {
    const { name } = await door.addUser()
    const { browser } = await browserWith(door, name)
    required.add(name)
    assert.ok(await door.store.users.update(name, { credentials: 'v1.forged', endSessions: false }, 0))
    assert.equal((await browser.get('/account')).headers.location, '/second-factor')
    assert.equal((await browser.get('/enrol')).headers.location, '/second-factor')
  })

  test('a session that is hours old proves itself again before it enrols what a role has come to ask for', async () => {
    const { name } = await door.addUser()
    const { browser } = await browserWith(door, name)
    door.advance(20 * 60_000)
    required.add(name)
    assert.equal((await browser.get('/account')).headers.location, '/enrol')
    assert.equal((await browser.get('/enrol')).headers.location, '/reauthenticate?enrol')
    assert.equal((await browser.get('/reauthenticate?enrol')).status, 200)
  })
})
