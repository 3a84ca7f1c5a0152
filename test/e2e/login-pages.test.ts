import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { addUser } from '../../src/login/add-user.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { passwords } from '../../src/login/password.ts'
import { startBrowser } from '../support/browser.ts'
import { startServer, TEST_FACTOR_KEY, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: Browser
before(async () => {
  server = await startServer()
  browser = await startBrowser()
})
after(async () => {
  await browser.close()
  await server.close()
})

const LOOKS = {
  'desktop-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'phone-light': { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
} as const

/** Pictures are kept where SCREENSHOTS names a folder, for people to look at. */
async function picture(page: Page, look: string, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS']
  if (directory === undefined) return
  await mkdir(directory, { recursive: true })
  await page.screenshot({ path: join(directory, `${name}-${look}.png`), fullPage: true })
}

async function newUser(name: string): Promise<string> {
  const { oneTimePassword = '' } = await addUser(
    { users: server.store.users, vault: credentialVault(factorKeys([TEST_FACTOR_KEY])) },
    passwords(workQueue(1, 1)),
    { name },
    Date.now(),
  )
  return oneTimePassword
}

async function isWithinWidth(page: Page): Promise<boolean> {
  // Without JavaScript in the page, the browser itself is asked.
  const wide = await page.locator('body').boundingBox()
  return wide !== null && wide.width <= (page.viewportSize()?.width ?? 0)
}

const at = (path: string) => `https://localhost:${server.ports.people}${path}`

for (const [look, settings] of Object.entries(LOOKS))
  describe(`the pages, ${look}, without JavaScript`, () => {
    let context: BrowserContext
    let page: Page
    const problems: string[] = []
    before(async () => {
      context = await browser.newContext({ ...settings, ignoreHTTPSErrors: true, javaScriptEnabled: false })
      page = await context.newPage()
      page.on('console', (message) => {
        // That a refused form or a missing page has a status of 4xx is what was asked for.
        const isStatus = /status of 4\d\d/.test(message.text())
        if (message.type() === 'error' && !isStatus) problems.push(message.text())
      })
    })
    after(async () => context.close())

    test('first login, forced change, account, logout, and login again', async () => {
      const name = look === 'desktop-light' ? 'alice' : `alice-${look}`
      const oneTime = await newUser(name)
      await page.goto(at('/'))
      assert.equal(new URL(page.url()).pathname, '/login')
      await picture(page, look, '1-login')
      assert.ok(await isWithinWidth(page))

      await page.getByLabel(/name/i).fill(name)
      await page.getByLabel(/password/i).fill('not the password')
      await page.getByRole('button').click()
      await page.getByRole('alert').waitFor()
      await picture(page, look, '2-wrong-password')

      await page.getByLabel(/name/i).fill(name)
      await page.getByLabel(/password/i).fill(oneTime)
      await page.getByRole('button').click()
      await page.waitForURL(at('/password'))
      await picture(page, look, '3-change-password')

      await page.getByLabel('New password', { exact: true }).fill('correct horse battery')
      await page.getByLabel(/again/i).fill('another horse battery')
      await page.getByRole('button').first().click()
      await page.getByRole('alert').waitFor()
      await picture(page, look, '4-passwords-differ')

      await page.getByLabel('New password', { exact: true }).fill('correct horse battery')
      await page.getByLabel(/again/i).fill('correct horse battery')
      await page.getByRole('button').first().click()
      await page.waitForURL(at('/account'))
      assert.ok((await page.content()).includes(name))
      await picture(page, look, '5-account')
      assert.ok(await isWithinWidth(page))

      const cookies = await context.cookies()
      const session = cookies.find((cookie) => cookie.name === '__Host-sallyport')
      assert.ok(session?.httpOnly === true && session.secure)
      assert.notEqual(session.sameSite, 'None')

      await page.getByRole('button', { name: /log out/i }).click()
      await page.waitForURL(/\/login/)
      await picture(page, look, '6-logged-out')
      await page.goto(at('/account'))
      assert.equal(new URL(page.url()).pathname, '/login')

      await page.getByLabel(/name/i).fill(name)
      await page.getByLabel(/password/i).fill('correct horse battery')
      await page.getByRole('button').click()
      await page.waitForURL(at('/account'))
    })

    test('a page that does not exist says so', async () => {
      const answer = await page.goto(at('/nothing-here'))
      assert.equal(answer?.status(), 404)
      await picture(page, look, '7-not-found')
    })

    test('the browser had nothing to object to', () => {
      assert.deepEqual(problems, [])
    })
  })
