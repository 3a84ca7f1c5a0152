import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, LOOKS, picture } from '../support/pages.ts'

const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/26.1 Mobile/15E148 Safari/604.1'

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

/** A browser of its own, logged in, on the account page. */
async function signedIn(t: TestContext, name: string, settings: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...settings })
  t.after(() => context.close())
  const page = await context.newPage()
  // With the cookies of the browser, and without its pages.
  await context.request.post(at('/auth/login'), { data: { username: name, password: PASSWORD } })
  await page.goto(at('/account'))
  assert.equal(pathOf(page), '/account')
  return page
}

describe('the sessions on the account page', () => {
  test('another session is ended in one browser and dies in the other', async (t) => {
    const { name } = await door.addUser()
    const here = await signedIn(t, name, { javaScriptEnabled: false })
    const there = await signedIn(t, name, { userAgent: SAFARI, javaScriptEnabled: false })
    await here.reload()
    const items = here.locator('.items > li')
    assert.deepEqual(await items.locator('h3').allInnerTexts(), [
      `${await deviceOf(here)} this one`,
      'Safari 26 on iPhone',
    ])
    await here.getByRole('button', { name: 'End Safari 26 on iPhone' }).click()
    assert.equal(pathOf(here), '/account')
    assert.equal(await here.getByRole('status').innerText(), 'The session has ended.')
    assert.equal(await items.count(), 1)
    assert.match(await here.locator('.events').innerText(), /^A session was ended/)
    await there.reload()
    assert.equal(pathOf(there), '/login', 'the other browser is logged out')
    await here.reload()
    assert.equal(pathOf(here), '/account')
  })

  test('all others are ended at once', async (t) => {
    const { name } = await door.addUser()
    const here = await signedIn(t, name)
    const others = [await signedIn(t, name), await signedIn(t, name)]
    await here.reload()
    await here.getByRole('button', { name: 'End all other sessions' }).click()
    assert.equal(await here.getByRole('status').innerText(), 'Your other sessions have ended.')
    assert.equal(await here.getByRole('button', { name: /^end/i }).count(), 0)
    for (const page of others) {
      await page.reload()
      assert.equal(pathOf(page), '/login')
    }
  })

  test('who has not proved himself lately does so first', async (t) => {
    const { name } = await door.addUser()
    const here = await signedIn(t, name, { javaScriptEnabled: false })
    const there = await signedIn(t, name)
    door.advance(6 * 60_000)
    await here.reload()
    await here.getByRole('button', { name: 'End all other sessions' }).click()
    assert.equal(pathOf(here), '/reauthenticate')
    await here.getByLabel('Password').fill(PASSWORD)
    await here.getByRole('button', { name: /continue/i }).click()
    assert.equal(pathOf(here), '/account')
    await here.getByRole('button', { name: 'End all other sessions' }).click()
    assert.equal(await here.getByRole('status').innerText(), 'Your other sessions have ended.')
    await there.reload()
    assert.equal(pathOf(there), '/login')
  })

  test('the page fits every width, and axe-core finds nothing', async (t) => {
    const { name } = await door.addUser()
    await signedIn(t, name, { userAgent: SAFARI })
    await signedIn(t, name, { userAgent: `a-program-of-ours/1.0.0 (${'x'.repeat(80)})` })
    const page = await signedIn(t, name)
    for (const [look, { viewport, colorScheme }] of Object.entries(LOOKS)) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await assertFits(page)
      await picture(page, look, 'account-sessions')
    }
    await assertAccessible(page, 'account')
  })
})

/** What the browser of a page is called. */
async function deviceOf(page: Page): Promise<string> {
  const version = browser.version().split('.')[0] ?? ''
  const userAgent = await page.evaluate<string>('navigator.userAgent')
  return `${userAgent.includes('Headless') ? 'Headless Chrome' : 'Chrome'} ${version} on Linux`
}
