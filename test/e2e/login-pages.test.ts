import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { addUser } from '../../src/login/add-user.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { startBrowser } from '../support/browser.ts'
import { CHEAP, CHEAP_COST } from '../support/login-door.ts'
import {
  assertAccessible,
  assertFits,
  copier,
  looksFrom,
  objectionsOn,
  picture,
  type Copier,
} from '../support/pages.ts'
import { startServer, TEST_FACTOR_KEY, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: Browser
before(async () => {
  server = await startServer({ passwordCost: CHEAP_COST })
  browser = await startBrowser()
})
after(async () => {
  await browser.close()
  await server.close()
})

async function newUser(name: string): Promise<string> {
  const { oneTimePassword = '' } = await addUser(
    { users: server.store.users, vault: credentialVault(factorKeys([TEST_FACTOR_KEY])) },
    CHEAP,
    { name },
    Date.now(),
  )
  return oneTimePassword
}

const at = (path: string) => `https://localhost:${server.ports.people}${path}`

for (const [look, settings] of looksFrom('phone-light'))
  describe(`the pages, ${look}, without JavaScript`, () => {
    let context: BrowserContext
    let page: Page
    let copy: Copier
    let objections: readonly string[]
    before(async () => {
      context = await browser.newContext({ ...settings, ignoreHTTPSErrors: true, javaScriptEnabled: false })
      page = await context.newPage()
      objections = objectionsOn(page)
      copy = await copier(browser)
    })
    const seen = async (title: string): Promise<void> => {
      await assertFits(page)
      await picture(page, look, title)
      await copy.show(page)
      await assertAccessible(copy.page, title)
    }

    test('first login, forced change, account, logout, and login again, by keyboard', async () => {
      const name = `alice-${look}`
      const oneTime = await newUser(name)
      await page.goto(at('/'))
      assert.equal(new URL(page.url()).pathname, '/login')
      await seen('1-login')

      // The first field has the focus.
      await page.keyboard.type(name)
      await page.keyboard.press('Tab')
      await page.keyboard.type('not the password')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await seen('2-wrong-password')

      // The name is kept, and the password has the focus.
      await page.keyboard.type(oneTime)
      await page.keyboard.press('Enter')
      await page.waitForURL(at('/password'))
      await seen('3-change-password')

      await page.keyboard.type('correct horse battery')
      await page.keyboard.press('Tab')
      await page.keyboard.type('another horse battery')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await seen('4-passwords-differ')

      await page.getByLabel('New password', { exact: true }).fill('correct horse battery')
      await page.getByLabel(/again/i).fill('correct horse battery')
      await page.getByRole('button', { name: 'Set password' }).click()
      await page.waitForURL(at('/account'))
      assert.ok((await page.content()).includes(name))
      await seen('5-account')

      const cookies = await context.cookies()
      const session = cookies.find((cookie) => cookie.name === '__Host-sallyport')
      assert.ok(session?.httpOnly === true && session.secure)
      assert.notEqual(session.sameSite, 'None')

      await page.getByRole('button', { name: 'Log out' }).click()
      await page.waitForURL(at('/login?signed-out'))
      await seen('6-logged-out')
      await page.goto(at('/account'))
      assert.equal(new URL(page.url()).pathname, '/login')

      await page.getByLabel('User name').fill(name)
      await page.getByLabel('Password').fill('correct horse battery')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.waitForURL(at('/account'))
    })

    test('a page that does not exist says so', async () => {
      const answer = await page.goto(at('/nothing-here'))
      assert.equal(answer?.status(), 404)
      await seen('7-not-found')
      await page.getByRole('link').click()
      await page.waitForURL(at('/account'))
    })

    test('the browser had nothing to object to', () => {
      assert.deepEqual(objections, [])
    })
  })
