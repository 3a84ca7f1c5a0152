import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { askedDevice, polledDevice } from '../support/device.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, LOOKS, picture } from '../support/pages.ts'

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

async function newPage(
  settings: BrowserContextOptions,
): Promise<{ page: Page; problems: readonly string[] }> {
  const context = await browser.newContext({ ...settings, ignoreHTTPSErrors: true })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => {
    // That a refused form has a status of 4xx is what was asked for.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text())
  })
  return { page, problems }
}

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

/** All of them only where somebody wants to look at the pictures. */
const looks = Object.entries(LOOKS).filter(
  ([look]) => process.env['SCREENSHOTS'] !== undefined || look === 'phone-light',
)

describe('a person who logs in a terminal', () => {
  for (const [look, settings] of looks)
    test(`gets there from its link without JavaScript, ${look}`, async () => {
      const { page, problems } = await newPage({ ...settings, javaScriptEnabled: false })
      await walk(page, async (title) => {
        await assertFits(page)
        await picture(page, look, title)
      })
      assert.deepEqual(problems, [])
      await page.context().close()
    })

  test('gets there by keyboard and screen reader, for all that axe-core knows', async () => {
    const { page, problems } = await newPage({})
    await walk(page, (title) => assertAccessible(page, title))
    assert.deepEqual(problems, [])
    await page.context().close()
  })
})
