import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, copier, looksFrom, objectionsOn, picture } from '../support/pages.ts'
import { totpCode } from '../support/totp.ts'

const NEW_PASSWORD = 'four words of no sense'

let door: LoginDoor
let browser: Browser
before(async () => {
  door = await startDoor('redis')
  browser = await startBrowser()
})
after(async () => {
  await browser.close()
  await door.close()
})

const at = (path: string): string => `https://localhost:${door.port}${path}`
const pathOf = (page: Page): string => new URL(page.url()).pathname
const press = (page: Page, name: RegExp): Promise<void> => page.getByRole('button', { name }).click()
/** The code that an app shows, in a step that was not used yet. */
const nextCode = (secret: string): string => {
  door.advance(60_000)
  return totpCode(secret, door.options.now())
}

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.goto(at('/login'))
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password').fill(password)
  await press(page, /^log in$/i)
}

/** Everything that somebody with a role which asks for a second factor does, from the first day on. */
async function walk(page: Page, name: string, seen: (title: string) => Promise<void>): Promise<void> {
  await logIn(page, name, PASSWORD)
  assert.equal(pathOf(page), '/password')
  await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel(/again/i).fill(NEW_PASSWORD)
  await press(page, /set password/i)
  assert.equal(pathOf(page), '/enrol')
  await seen('1-enrol')
  await page.goto(at('/account'))
  assert.equal(pathOf(page), '/enrol', 'nothing else can be done before')

  await press(page, /authenticator app/i)
  await page.getByRole('img', { name: /qr code/i }).waitFor()
  const secret = (await page.locator('.secret').innerText()).replaceAll(/\s/g, '')
  await seen('2-enrol-totp')
  await page.getByLabel(/code that the app shows/i).fill('000000')
  await press(page, /confirm/i)
  await page.getByRole('alert').waitFor()
  await seen('3-wrong-first-code')
  await page.getByLabel(/code that the app shows/i).fill(nextCode(secret))
  await press(page, /confirm/i)

  await page.getByRole('heading', { name: /your recovery codes/i }).waitFor()
  const codes = await page.locator('.codes code').allInnerTexts()
  assert.equal(codes.length, 10)
  await seen('4-recovery-codes')
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: /download/i }).click()
  const file = await readFile(await (await download).path(), 'utf8')
  for (const code of codes) assert.ok(file.includes(code))
  await page.getByRole('link', { name: /kept them/i }).click()
  assert.equal(pathOf(page), '/account')
  await seen('5-account')

  await press(page, /^log out$/i)
  await logIn(page, name, NEW_PASSWORD)
  assert.equal(pathOf(page), '/second-factor')
  await seen('6-second-factor')
  await page.getByLabel(/authenticator app/i).fill('000000')
  await press(page, /continue/i)
  await page.getByRole('alert').waitFor()
  await seen('7-wrong-code')
  await page.getByLabel(/authenticator app/i).fill(nextCode(secret))
  await press(page, /continue/i)
  assert.equal(pathOf(page), '/account')

  await press(page, /^log out$/i)
  await logIn(page, name, NEW_PASSWORD)
  await page.getByText(/use a recovery code/i).click()
  await seen('8-recovery-code')
  await page.getByLabel(/recovery code/i).fill((codes[0] ?? '').toUpperCase())
  await press(page, /use recovery code/i)
  assert.equal(pathOf(page), '/account')
  assert.match(await page.locator('main').innerText(), /9 of 10 left/)

  door.advance(6 * 60_000)
  await page.getByRole('link', { name: /make new ones/i }).click()
  await seen('9-codes-left')
  await press(page, /make ten new codes/i)
  assert.equal(pathOf(page), '/reauthenticate')
  await seen('10-reauthenticate')
  await page.getByLabel('Password').fill(NEW_PASSWORD)
  await page.getByLabel('Code').fill('000000')
  await press(page, /continue/i)
  await page.getByRole('alert').waitFor()
  await seen('11-reauthenticate-refused')
  await page.getByLabel('Password').fill(NEW_PASSWORD)
  await page.getByLabel('Code').fill(codes[1] ?? '')
  await press(page, /continue/i)
  assert.equal(pathOf(page), '/recovery-codes')
  await press(page, /make ten new codes/i)
  await page.getByRole('heading', { name: /your recovery codes/i }).waitFor()
  assert.notDeepEqual(await page.locator('.codes code').allInnerTexts(), codes)

  await page.goto(at('/account'))
  await press(page, /remove the authenticator app/i)
  assert.equal(pathOf(page), '/enrol', 'the role asks for another')
  await press(page, /^log out$/i)
  assert.equal(pathOf(page), '/login')
}

const newUser = async (name: string): Promise<string> => {
  const user = await door.addUser({ name }, { oneTimeUntil: door.options.now() + 3_600_000 })
  return user.name
}

for (const [look, settings] of looksFrom('phone-light'))
  test(`somebody whose role asks for a second factor gets through without JavaScript, ${look}, and axe-core finds nothing`, async () => {
    const context = await browser.newContext({
      ...settings,
      ignoreHTTPSErrors: true,
      javaScriptEnabled: false,
    })
    const page = await context.newPage()
    const objections = objectionsOn(page)
    const copy = await copier(browser)
    await walk(page, await newUser(`u-mfa-${look}`), async (title) => {
      await assertFits(page)
      await picture(page, look, title)
      await copy.show(page)
      await assertAccessible(copy.page, title)
    })
    assert.deepEqual(objections, [])
  })
