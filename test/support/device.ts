import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { SESSION_COOKIE } from '../../src/auth/session-credential.ts'
import { openSession, type OpenedSession, type Opening } from '../../src/login/open-session.ts'
import type { Answer } from './clients.ts'
import { PASSWORD, testBrowser, type LoginDoor, type TestBrowser } from './login-door.ts'

/** What a device is told when it asks for a login. */
export interface AskedDevice {
  readonly deviceCode: string
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string
  readonly expiresIn: number
  readonly interval: number
}

/** Asks for a login as a device does. */
export async function askedDevice(door: LoginDoor, client = 'laptop of a test'): Promise<AskedDevice> {
  const answer = await door.post('/auth/device', { client })
  assert.equal(answer.status, 200, answer.body)
  return answer.json() as AskedDevice
}

/** Asks for its session. */
export async function polledDevice(
  door: LoginDoor,
  deviceCode: string,
): Promise<{ readonly status: number; readonly error?: string; readonly token?: string }> {
  const answer = await door.post('/auth/device/token', { deviceCode })
  return { status: answer.status, ...(answer.json() as object) }
}

/** A browser in which a user has logged in by name and password. */
export async function signedIn(door: LoginDoor, username: string): Promise<TestBrowser> {
  const browser = testBrowser(door)
  await browser.get('/login')
  await browser.submit('/auth/login', { username, password: PASSWORD })
  return browser
}

/** A browser with a session that was opened straight in the store, for what a login would take long to come to. */
export async function browserWith(
  door: LoginDoor,
  user: string,
  fields: Partial<Opening> = {},
): Promise<{ readonly browser: TestBrowser; readonly opened: OpenedSession }> {
  const opened = await openSession(
    {
      user: { name: user, epoch: 0 },
      pending: null,
      authenticationMethods: ['password'],
      mfaAt: null,
      label: 'browser',
      replaces: undefined,
      reason: 'login',
      caller: { requestId: 'request-1', address: '127.0.0.1', userAgent: 'Mozilla/5.0' },
      ...fields,
    },
    door.options,
  )
  assert.ok(opened)
  const browser = testBrowser(door, [[SESSION_COOKIE, signed(opened.token, door)]])
  return { browser, opened }
}

function signed(token: string, { options }: LoginDoor): string {
  const [key] = options.keys.cookie
  const signature = createHmac('sha256', key).update(token).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${token}.${signature}`)
}

/** Enters a code on the page and gives the answer. */
export async function answerDevice(
  browser: TestBrowser,
  code: string,
  decision?: 'approve' | 'deny',
): Promise<Answer> {
  await browser.get('/device')
  const shown = await browser.submit('/auth/device/approve', { code })
  return decision === undefined ? shown : browser.submit('/auth/device/approve', { code, decision })
}
