import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Confirmations, PendingConfirmation } from '../../src/mcp/confirmations.ts'
import { startBrowser } from '../support/browser.ts'
import {
  APPROVAL,
  callOf,
  confirmationsOf,
  pendingOf,
  SECOND_FACTOR,
  treasurer,
} from '../support/confirming.ts'
import { factorUser } from '../support/factor-user.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { assertAccessible, assertFits, copier, looksFrom, objectionsOn, picture } from '../support/pages.ts'

let door: LoginDoor
let port: Confirmations
let browser: Browser
before(async () => {
  door = await startDoor('redis')
  port = confirmationsOf(door, { origin: () => `https://localhost:${door.port}` })
  browser = await startBrowser()
})
after(async () => {
  await browser.close()
  await door.close()
})

const pathOf = (page: Page): string => new URL(page.url()).pathname
const press = (page: Page, name: RegExp): Promise<void> => page.getByRole('button', { name }).click()

const ARGS = {
  to: 'DE89 3704 0044 0532 0130 00 (Mallory \u202e& Sons)',
  amount: 12_500.5,
  lines: [
    { text: 'Invoice 2026-11-0042, "second" half', net: 10_504.62 },
    { text: 'x'.repeat(300), net: 0 },
  ],
  urgent: true,
}

/** From the link of a call, over the login and a proof, to the answers; and from the account page to an approval. */
async function walk(page: Page, seen: (title: string) => Promise<void>): Promise<void> {
  const user = await factorUser(door, {}, { name: treasurer() })
  const self = `user:${user.name}`
  const mine = await pendingOf(port, callOf(self, { args: ARGS }), SECOND_FACTOR)
  await page.goto(mine.url)
  assert.equal(pathOf(page), '/login')
  await page.getByLabel('User name').fill(user.name)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, /^log in$/i)
  await page.locator('#code').fill(user.code())
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname === `/confirm/${mine.id}`)
  await page.getByRole('heading', { name: 'Confirm this call?' }).waitFor()
  const shown = await page.locator('main').innerText()
  for (const words of ['bank_pay', self, 'fresh-factor', '(Mallory \\u202e& Sons)', '12500.5'])
    assert.ok(shown.includes(words), words)
  await seen('1-confirm')
  await press(page, /^confirm$/i)
  await page.getByRole('heading', { name: 'Call confirmed' }).waitFor()
  await seen('2-confirmed')

  const next = await pendingOf(port, callOf(self, { resource: 'notes_delete', args: {} }), SECOND_FACTOR)
  await page.goto(next.url)
  await seen('3-to-be-proved')
  await page.getByRole('link', { name: 'Prove that it is you' }).click()
  await page.getByLabel('Password').fill(PASSWORD)
  await page.locator('#code').fill(user.recoveryCodes[0] ?? '')
  await press(page, /continue/i)
  assert.equal(pathOf(page), `/confirm/${next.id}`)
  await press(page, /^refuse$/i)
  await page.getByRole('heading', { name: 'Call refused' }).waitFor()
  await seen('4-refused')
  await page.goto(next.url)
  await page.getByRole('alert').waitFor()
  await seen('5-nothing-to-answer')

  const asked: PendingConfirmation[] = []
  for (const principal of ['service:billing', 'agent:corp.example/ns/prod/planner-of-the-month'])
    asked.push(
      await pendingOf(
        port,
        callOf(
          principal,
          { args: { ...ARGS, by: self }, resource: `pay_${asked.length}` },
          { methods: ['certificate'] },
        ),
        APPROVAL,
      ),
    )
  await page.getByRole('link', { name: /your account/i }).click()
  await seen('6-account')
  await page.goto(`https://localhost:${door.port}/approvals`)
  await seen('7-approvals')
  await page.getByRole('link', { name: /pay_0/ }).click()
  await page.getByRole('heading', { name: 'Approve this call?' }).waitFor()
  await seen('8-approve')
  await press(page, /^approve$/i)
  await page.getByRole('heading', { name: 'Call approved' }).waitFor()
  await seen('9-approved')
  for (const pending of asked) await port.withdraw(pending, 'request-2')
}

for (const [look, settings] of looksFrom('phone-light'))
  test(`a person confirms, refuses and approves without JavaScript, ${look}, and axe-core finds nothing`, async () => {
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
