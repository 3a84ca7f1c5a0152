import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, LOOKS, objectionsOn, picture } from '../support/pages.ts'

const WANTED = [
  {
    upstream: 'files',
    audience: `stdio:${'a'.repeat(64)}`,
    names: ['key-of-a-name-that-is-rather-long-for-a-phone'],
  },
  {
    upstream: 'wiki',
    audience: 'https://wiki.a-rather-long-name.internal:8443',
    names: ['password', 'token'],
  },
]

let door: LoginDoor
let browser: Browser
before(async () => {
  door = await startDoor('sqlite', () => ({ wantedSecrets: () => WANTED }))
  browser = await startBrowser()
})
after(async () => {
  await browser.close()
  await door.close()
})

const at = (path: string): string => `https://localhost:${door.port}${path}`

async function signedIn(t: TestContext, name: string, settings: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...settings })
  t.after(() => context.close())
  const page = await context.newPage()
  await context.request.post(at('/auth/login'), { data: { username: name, password: PASSWORD } })
  await page.goto(at('/account'))
  return page
}

describe('the keys on the account page', () => {
  test('one is set, replaced and removed without a script, and its value is never on a page', async (t) => {
    const { name } = await door.addUser()
    const page = await signedIn(t, name, { javaScriptEnabled: false })
    const section = page.getByRole('region', { name: 'Keys for upstream servers' })
    const token = section.getByRole('listitem').filter({ hasText: 'wiki: token' })
    for (const value of ['sk_live_1', 'sk_live_2']) {
      await token.getByLabel(/key/i).and(page.locator('input')).fill(value)
      await token.getByRole('button', { name: 'Save the key token for wiki' }).click()
      assert.equal(new URL(page.url()).hash, '#upstream-keys')
      const read = await door.options.upstreamSecrets.read(
        `user:${name}`,
        'wiki',
        WANTED[1]?.audience ?? '',
        ['token'],
      )
      assert.deepEqual({ ...read }, { token: value })
      assert.ok(!(await page.content()).includes(value))
    }
    await token.getByRole('button', { name: 'Remove the key token for wiki' }).click()
    assert.match(await token.innerText(), /not yet/)
  })

  test('the section fits every width, and neither axe-core nor the browser objects', async (t) => {
    const { name } = await door.addUser()
    const place = {
      principal: `user:${name}`,
      upstream: 'wiki',
      audience: WANTED[1]?.audience ?? '',
      name: 'token',
    }
    await door.options.upstreamSecrets.set(place, 'x')
    await door.options.upstreamSecrets.set({ ...place, name: 'password', audience: 'https://before' }, 'x')
    await door.options.upstreamSecrets.set({ ...place, upstream: 'gone' }, 'x')
    const page = await signedIn(t, name)
    const objections = objectionsOn(page)
    for (const [look, { viewport, colorScheme }] of Object.entries(LOOKS)) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await assertFits(page)
      await picture(page, look, 'account-keys')
    }
    await assertAccessible(page, 'account')
    door.advance(6 * 60_000)
    await page.reload()
    await assertAccessible(page, 'account')
    assert.equal(await page.getByRole('link', { name: 'Prove that it is you' }).count(), 1)
    await picture(page, 'stale', 'account-keys')
    assert.deepEqual(objections, [])
  })
})
