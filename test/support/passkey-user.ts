import assert from 'node:assert/strict'
import type { CreationOptions, RequestOptions } from '../../src/login/passkey-options.ts'
import { authenticator, type Authenticator } from './authenticator.ts'
import type { Answer } from './clients.ts'
import { PASSWORD, testBrowser, type LoginDoor, type TestBrowser } from './login-door.ts'

/** Somebody with a passkey, in a browser in which he is logged in. */
export interface PasskeyUser {
  readonly name: string
  readonly passkey: Authenticator
  readonly browser: TestBrowser
  readonly recoveryCodes: readonly string[]
}

/** What the door asks a browser for; asserts that it does. */
export async function asked(browser: TestBrowser): Promise<RequestOptions> {
  const answer = await browser.post('/auth/passkey/options', {})
  assert.equal(answer.status, 200, answer.body)
  return answer.json() as RequestOptions
}

/** What the door asks a browser to make; asserts that it does. */
export async function askedToMake(browser: TestBrowser): Promise<CreationOptions> {
  const answer = await browser.post('/auth/enrol/passkey/options', {})
  assert.equal(answer.status, 200, answer.body)
  return answer.json() as CreationOptions
}

/** The origin of the pages of a door. */
export function originOf({ port }: LoginDoor): string {
  return `https://localhost:${port}`
}

/** A browser in which a user gave his password. */
export async function withPassword(door: LoginDoor, username: string): Promise<TestBrowser> {
  const browser = testBrowser(door)
  const answer = await browser.post('/auth/login', { username, password: PASSWORD })
  assert.equal(answer.status, 200, answer.body)
  return browser
}

/** Adds a user, logs him in and has him add a passkey. */
export async function passkeyUser(
  door: LoginDoor,
  passkey: Authenticator = authenticator(),
  fields: Parameters<LoginDoor['addUser']>[0] = {},
): Promise<PasskeyUser> {
  const { name } = await door.addUser(fields)
  const browser = await withPassword(door, name)
  const answer = await browser.post(
    '/auth/enrol/passkey',
    passkey.create(await askedToMake(browser), originOf(door)),
  )
  assert.equal(answer.status, 200, answer.body)
  const { recoveryCodes } = answer.json() as { recoveryCodes: readonly string[] }
  return { name, passkey, browser, recoveryCodes }
}

/** Whose session a browser has; undefined for none that is complete. */
export async function userIn(browser: TestBrowser): Promise<string | undefined> {
  const answer = await browser.get('/auth/session', { accept: 'application/json' })
  return answer.status === 200 ? (answer.json() as { user: { name: string } }).user.name : undefined
}

/** The code of a refusal. */
export function errorIn(answer: Answer): string {
  return (answer.json() as { error: string }).error
}
