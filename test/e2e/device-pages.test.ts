import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { askedDevice, polledDevice } from '../support/device.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, copier, looksFrom, objectionsOn, picture } from '../support/pages.ts'

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

/** From the link that a terminal shows, over the login, to the two answers. */
async function walk(page: Page, seen: (title: string) => Promise<void>): Promise<void> {
  const { name } = await door.addUser()
  const [mine, theirs] = [
    await askedDevice(door, 'sallyport on laptop-of-alice.example'),
    await askedDevice(door, `"><img src=x> ${'W'.repeat(64)}`),
  ]
  await page.goto(mine.verificationUriComplete)
  assert.equal(pathOf(page), '/login')
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, /^log in$/i)
  assert.equal(pathOf(page), '/device')
  assert.equal(await page.getByLabel('Code').inputValue(), mine.userCode)
  await seen('1-device')
  assert.equal((await polledDevice(door, mine.deviceCode)).error, 'authorization_pending')
  await press(page, /continue/i)
  await page.getByRole('heading', { name: /is this your terminal/i }).waitFor()
  const shown = await page.locator('main').innerText()
  for (const words of [mine.userCode, 'laptop-of-alice.example', '127.0.0.1', name])
    assert.ok(shown.includes(words))
  await seen('2-is-it-yours')
  await press(page, /approve/i)
  await page.getByRole('heading', { name: /terminal approved/i }).waitFor()
  await seen('3-approved')
  assert.equal((await polledDevice(door, mine.deviceCode)).status, 200)

  await page.getByRole('link', { name: /your account/i }).click()
  assert.equal(pathOf(page), '/account')
  await page.goto(at('/device'))
  await page.getByLabel('Code').fill(mine.userCode)
  await press(page, /continue/i)
  await page.getByRole('alert').waitFor()
  await seen('4-used-already')
  await page.getByLabel('Code').fill(theirs.userCode.toLowerCase())
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /is this your terminal/i }).waitFor()
  await seen('5-somebody-else')
  await press(page, /deny/i)
  await page.getByRole('heading', { name: /terminal denied/i }).waitFor()
  await seen('6-denied')
  assert.equal((await polledDevice(door, theirs.deviceCode)).error, 'access_denied')
}

for (const [look, settings] of looksFrom('phone-light'))
  test(`a person logs in a terminal from its link without JavaScript, ${look}, and axe-core finds nothing`, async () => {
    const context = await browser.newContext({
      ...settings,
      ignoreHTTPSErrors: true,
      javaScriptEnabled: false,
    })
    const page = await context.newPage()
    const objections = objectionsOn(page)
    const copy = await copier(browser)
    await walk(page, async (title) => {
      await assertFits(page)
      await picture(page, look, title)
      await copy.show(page)
      await assertAccessible(copy.page, title)
    })
    assert.deepEqual(objections, [])
  })
