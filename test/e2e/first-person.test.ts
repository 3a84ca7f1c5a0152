import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { URI } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { decodeQR } from 'qr/decode.js'
import { startBrowser } from '../support/browser.ts'
import { modern } from '../support/clients.ts'
import { serving, type Served } from '../support/command.ts'
import { totpCode } from '../support/totp.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'

const PASSWORD = 'four words of no sense'
const STEP = 30_000

let cwd: string
let served: Served
let browser: Browser
let page: Page
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-person-'))
  const starting = serving('start', { cwd })
  // A browser has no passkeys for a site whose certificate it does not believe.
  browser = await startBrowser('--ignore-certificate-errors')
  page = await newPage()
  served = await starting
})
after(async () => {
  await browser.close()
  await served.stop()
  await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
})

const newPage = async (): Promise<Page> =>
  await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
const at = (path: string): string => `https://localhost:${served.ports.people}${path}`
const press = (name: string | RegExp, on = page): Promise<void> =>
  on.getByRole('button', { name, exact: true }).click()
const isAt = (path: string, on = page): Promise<void> => on.waitForURL(at(path))

async function givePassword(password: string, on = page): Promise<void> {
  await on.goto(at('/login'))
  await on.getByLabel('User name').fill('admin')
  await on.getByLabel('Password').fill(password)
  await press('Log in', on)
}

async function giveRecoveryCode(code = '', on = page): Promise<void> {
  await isAt('/second-factor', on)
  await on.getByText('Use a recovery code').click()
  await on.getByLabel('Recovery code').fill(code)
  await press('Use recovery code', on)
  await isAt('/account', on)
}

async function logOut(): Promise<void> {
  await press('Log out')
  await page.getByText('You are logged out.').waitFor()
}

/** A call by the session of a browser, as a page of ours could make it. */
async function called(tool: string, on: Page): Promise<{ status: number; text: string }> {
  const { headers, body } = modern('tools/call', { name: tool })
  return on.evaluate(
    async (init) => {
      const answer = await fetch('/mcp', init)
      return { status: answer.status, text: await answer.text() }
    },
    { method: 'POST', headers, body },
  )
}

/** What a camera reads that looks at the page. */
async function qrText(): Promise<string> {
  const picture = await page.getByRole('img', { name: 'QR code' }).screenshot()
  const reader = await newPage()
  // As text: a list of so many numbers is slow to cross over.
  const seen = await reader.evaluate<{ width: number; height: number; pixels: string }>(
    `fetch('data:image/png;base64,${picture.toString('base64')}')
      .then((answer) => answer.blob())
      .then(createImageBitmap)
      .then((image) => {
        const { width, height } = image
        const canvas = new OffscreenCanvas(width, height).getContext('2d')
        canvas.drawImage(image, 0, 0)
        return { width, height, pixels: canvas.getImageData(0, 0, width, height).data.join() }
      })`,
  )
  await reader.context().close()
  return decodeQR({ ...seen, data: Uint8Array.from(seen.pixels.split(','), Number) })
}

/** An app that never shows the code of a step again that it has shown: the next step is good already. */
function authenticatorApp(secret: string): () => string {
  let last = 0
  return () => {
    last = Math.max(last + 1, Math.floor(Date.now() / STEP))
    return totpCode(secret, last * STEP)
  }
}

describe('the first person of a new installation', () => {
  let nextCode: () => string
  let recoveryCodes: string[]

  test('ASVS 6.4.1: logs in with the password that was printed, and must choose one of his own', async () => {
    const line = served.lines.find((text) => text.startsWith('one-time password: ')) ?? ''
    const printed = line.replace('one-time password: ', '')
    await givePassword(printed)
    await isAt('/password')
    assert.equal((await called('whoami', page)).status, 401)
    for (const password of [printed, PASSWORD]) {
      await page.getByLabel('New password', { exact: true }).fill(password)
      await page.getByLabel('New password, again').fill(password)
      await press('Set password')
      if (password === printed) await page.getByRole('alert').waitFor()
    }
  })

  test('sets up an authenticator app, by its QR code or by what is written below', async () => {
    await isAt('/enrol')
    await press('Set up an authenticator app')
    const secret = (await page.locator('.secret').innerText()).replaceAll(' ', '')
    const scanned = URI.parse(await qrText())
    assert.deepEqual([scanned.issuer, scanned.label, scanned.secret.base32], ['Sallyport', 'admin', secret])
    nextCode = authenticatorApp(secret)
    await page.getByLabel('The code that the app shows now').fill(nextCode())
    await press('Confirm')
  })

  test('takes recovery codes along, which nobody shows again', async () => {
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
    recoveryCodes = await page.locator('.codes code').allInnerTexts()
    assert.equal(new Set(recoveryCodes).size, 10)
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download' }).click()
    const kept = await readFile(await (await download).path(), 'utf8')
    for (const code of recoveryCodes) assert.ok(kept.includes(code))
    await page.getByRole('link', { name: 'I have kept them' }).click()
    await isAt('/account')
    await page.goto(at('/recovery-codes'))
    const shown = await page.locator('main').innerText()
    assert.match(shown, /10 recovery codes are left/)
    for (const code of recoveryCodes) assert.ok(!shown.includes(code))
  })

  test('logs in with a code of the app, and with a recovery code', async () => {
    await logOut()
    await givePassword(PASSWORD)
    await isAt('/second-factor')
    await page.getByLabel('Code of your authenticator app').fill(nextCode())
    await press('Continue')
    await isAt('/account')
    await logOut()
    await givePassword(PASSWORD)
    await giveRecoveryCode(recoveryCodes[0])
    assert.match(await page.locator('main').innerText(), /9 of 10 left/)
  })

  test('adds a passkey, and logs in by it without a password', async () => {
    // With what completes the field for the name it would log in before anybody presses.
    await page.addInitScript('delete PublicKeyCredential.isConditionalMediationAvailable')
    const device = await virtualAuthenticator(page)
    await page.getByRole('link', { name: 'Add a passkey' }).click()
    await page.getByLabel('Name of the passkey').fill('blue key')
    await press('Add a passkey')
    await page.getByRole('heading', { name: 'blue key' }).waitFor()
    assert.equal(await device.count(), 1)
    await logOut()
    await press('Log in with a passkey')
    await isAt('/account')
    const who = await called('whoami', page)
    assert.equal(who.status, 200, who.text)
    assert.match(who.text, /user:admin/)
  })

  test('ASVS 7.5.2: ends another session of his, which can do nothing from then on', async () => {
    const other = await newPage()
    await givePassword(PASSWORD, other)
    await giveRecoveryCode(recoveryCodes[1], other)
    assert.match((await called('whoami', other)).text, /user:admin/)
    await page.reload()
    await page.locator('.items').getByRole('button', { name: /^End / }).click()
    await page.getByText('The session has ended.').waitFor()
    assert.equal((await called('whoami', other)).status, 401)
    await other.reload()
    await isAt('/login', other)
    assert.equal((await called('whoami', page)).status, 200)
  })
})
