import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, looksFrom, objectionsOn, picture } from '../support/pages.ts'
import { virtualAuthenticator, type VirtualAuthenticator } from '../support/virtual-authenticator.ts'

let door: LoginDoor
let browser: Browser
before(async () => {
  door = await startDoor('redis')
  // A browser has no passkeys for a site whose certificate it does not believe.
  browser = await startBrowser('--ignore-certificate-errors')
})
after(async () => {
  await browser.close()
  await door.close()
})

const at = (path: string, host = 'localhost'): string => `https://${host}:${door.port}${path}`
const press = (page: Page, name: RegExp): Promise<void> => page.getByRole('button', { name }).click()
const isAt = (page: Page, path: string): Promise<void> =>
  page.waitForURL((url) => url.pathname === path, { timeout: 10_000 })

/** A browser with an authenticator of its own, and whatever it objects to. */
interface Person {
  readonly page: Page
  readonly device: VirtualAuthenticator
  readonly problems: readonly string[]
  leave(): Promise<void>
}

/** @param autofill whether the browser can offer passkeys in a field: then the device answers without being asked twice */
async function person(settings: BrowserContextOptions = {}, autofill = false): Promise<Person> {
  const context = await browser.newContext({ ...settings, ignoreHTTPSErrors: true })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  if (!autofill) await page.addInitScript('delete PublicKeyCredential.isConditionalMediationAvailable')
  const problems = objectionsOn(page)
  const device = await virtualAuthenticator(page)
  return { page, device, problems, leave: () => context.close() }
}

async function givePassword(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, /^log in$/i)
}

/** A new user who logs in and adds a passkey, which his role asks for. */
async function enrolled(who: Person, name: string): Promise<void> {
  await door.addUser({ name })
  await who.page.goto(at('/login'))
  await givePassword(who.page, name)
  await isAt(who.page, '/enrol')
  await press(who.page, /add a passkey/i)
  await who.page.getByRole('heading', { name: /your recovery codes/i }).waitFor()
  await who.page.getByRole('link', { name: /kept them/i }).click()
  await isAt(who.page, '/account')
}

const alertOf = async (page: Page): Promise<string> => {
  const region = page.getByRole('alert').filter({ hasText: /./ })
  await region.waitFor()
  return region.innerText()
}

for (const [look, settings] of looksFrom('phone-dark'))
  test(`a passkey is added, proves the second factor, logs in alone and is removed, ${look}`, async () => {
    const who = await person(settings)
    const { page, device } = who
    const name = `u-mfa-${look}`
    const seen = async (title: string): Promise<void> => {
      await assertFits(page)
      await picture(page, look, `passkeys-${title}`)
      await assertAccessible(page, title)
      await page.emulateMedia({ colorScheme: settings.colorScheme })
    }
    await door.addUser({ name })
    await page.goto(at('/login'))
    await seen('1-login')
    await givePassword(page, name)
    await isAt(page, '/enrol')
    await seen('2-enrol')
    await page.getByLabel(/name of the passkey/i).fill('blue <key>')
    await press(page, /add a passkey/i)
    await page.getByRole('heading', { name: /your recovery codes/i }).waitFor()
    const codes = await page.locator('.codes code').allInnerTexts()
    assert.equal(codes.length, 10)
    await press(page, /^copy/i)
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.deepEqual((await page.evaluate<string>('navigator.clipboard.readText()')).split(/\s+/), codes)
    await seen('7-recovery-codes')
    assert.equal(await device.count(), 1)
    await page.getByRole('link', { name: /kept them/i }).click()
    await isAt(page, '/account')
    await page.getByRole('heading', { name: 'blue <key>' }).waitFor()
    await seen('3-account')

    await press(page, /^log out$/i)
    await isAt(page, '/login')
    await givePassword(page, name)
    await isAt(page, '/second-factor')
    await seen('4-second-factor')
    await press(page, /use a passkey/i)
    await isAt(page, '/account')

    await press(page, /^log out$/i)
    await isAt(page, '/login')
    await press(page, /log in with a passkey/i)
    await isAt(page, '/account')
    assert.match(await page.locator('main').innerText(), new RegExp(name))

    door.advance(6 * 60_000)
    await press(page, /remove the passkey blue <key>/i)
    await isAt(page, '/reauthenticate')
    await seen('5-reauthenticate')
    await press(page, /use a passkey instead/i)
    await isAt(page, '/account')
    await press(page, /remove the passkey blue <key>/i)
    await isAt(page, '/enrol')
    const { passkeys } = await door.credentialsOf(name)
    assert.deepEqual(passkeys, [])

    await press(page, /^log out$/i)
    await isAt(page, '/login')
    await press(page, /log in with a passkey/i)
    assert.match(await alertOf(page), /was not accepted/, 'the browser has it still, and we do not')
    await seen('6-refused')
    assert.deepEqual(who.problems, [])
    await who.leave()
  })

describe('a browser with passkeys', () => {
  test('offers them in the field for the name', async () => {
    const who = await person({}, true)
    await enrolled(who, 'u-mfa-autofill')
    const answered = who.page.waitForResponse((answer) => answer.url().endsWith('/auth/passkey'))
    await press(who.page, /^log out$/i)
    assert.equal((await answered).status(), 200)
    await isAt(who.page, '/account')
    assert.deepEqual(who.problems, [])
    await who.leave()
  })

  test('is told nothing when its user cancels, and may try again', async () => {
    const who = await person()
    const { page, device } = who
    await enrolled(who, 'u-mfa-cancel')
    await press(page, /^log out$/i)
    await isAt(page, '/login')
    await device.verifies(false)
    const button = page.getByRole('button', { name: /log in with a passkey/i })
    // The button can be pressed before the script has heard of the click, too.
    const asked = page.waitForResponse(/\/auth\/passkey\//)
    await button.click()
    await asked
    await page.waitForFunction(`!document.querySelector('.passkey button').disabled`)
    assert.equal(await page.getByRole('alert').filter({ hasText: /./ }).count(), 0)
    await device.verifies(true)
    await button.click()
    await isAt(page, '/account')
    await who.leave()
  })

  test('does not make a second one on the same device', async () => {
    const who = await person()
    const { page, device } = who
    await enrolled(who, 'u-mfa-twice')
    await page.getByRole('link', { name: /add a passkey/i }).click()
    await press(page, /add a passkey/i)
    assert.match(await alertOf(page), /has a passkey for you already/)
    assert.equal(await device.count(), 1)
    assert.deepEqual(who.problems, [])
    await who.leave()
  })

  test('is told what the server says when it is too late, and when there is no network', async () => {
    const who = await person()
    const { page } = who
    await enrolled(who, 'u-mfa-late')
    await page.goto(at('/enrol'))
    door.advance(6 * 60_000)
    await press(page, /add a passkey/i)
    assert.match(await alertOf(page), /prove again that it is you/)
    await page.context().setOffline(true)
    await press(page, /add a passkey/i)
    await page.getByText('That did not work. Please try again.').waitFor()
    await who.leave()
  })
})

test('without JavaScript, and where the host has no name, nothing is offered that does not work', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(at('/login'))
  assert.equal(await page.getByRole('button').count(), 1)
  await context.close()
  const { page: scripted, leave } = await person()
  await scripted.goto(at('/login', '127.0.0.1'))
  await scripted.getByText('Passkeys need a host name').waitFor()
  assert.equal(await scripted.getByRole('button').count(), 1)
  await leave()
})
