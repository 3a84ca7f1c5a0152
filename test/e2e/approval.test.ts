import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { ask } from '../support/clients.ts'
import {
  connectConfirming,
  linkIn,
  openLink,
  personIn,
  press,
  startConfirmingServer,
  type ClientKind,
  type ConfirmingClient,
  type ConfirmingServer,
  type OnLink,
} from '../support/confirming-server.ts'

let server: ConfirmingServer
let browser: Browser
const pages = new Map<string, { readonly page: Page; readonly codes: readonly string[] }>()
before(async () => {
  // One door for certificates and people, so that a client with a certificate reaches the pages as well.
  const certificates = { host: '127.0.0.1', port: 0, clientCertificate: 'optional' } as const
  server = await startConfirmingServer({ listeners: { certificates } })
  browser = await startBrowser()
  for (const name of ['alice', 'bob', 'carol'])
    pages.set(name, { page: await personIn(browser), codes: await server.addPerson(name) })
})
after(async () => {
  await browser.close()
  await server.close()
})

let serial = 0
const payment = () => ({ to: 'DE89', amount: 5000 + serial++ })

/** The service, which bob answers for, with its certificate. */
async function billing(t: TestContext, kind: ClientKind, onLink?: OnLink): Promise<ConfirmingClient> {
  const client = await connectConfirming(server, kind, await server.authority.client('billing'), onLink)
  t.after(() => client.close())
  return client
}

/** What somebody sees under a link. */
async function sees(name: string, link: string): Promise<string> {
  const { page, codes } = pageOf(name)
  return openLink(page, link, name, codes)
}

function pageOf(name: string): { readonly page: Page; readonly codes: readonly string[] } {
  const found = pages.get(name)
  assert.ok(found)
  return found
}

async function approves(name: string, link: string): Promise<void> {
  assert.equal(await sees(name, link), 'Approve this call?')
  assert.equal(await press(pageOf(name).page, 'Approve'), 'Call approved')
}

test('a service is told to have it approved, somebody finds it on his page and approves, and the same call passes', async (t) => {
  const client = await billing(t, 'plain')
  const args = payment()
  const told = await client.call(args)
  assert.ok(told.isError)
  assert.match(told.text, /another person with the role treasurer/)
  const link = linkIn(told.text)
  const { page } = pageOf('carol')
  assert.equal(await sees('carol', link), 'Approve this call?')
  for (const path of ['/account', '/approvals']) {
    await page.goto(new URL(path, link).href)
    await page.getByRole('link', { name: 'service:billing wants to call the tool bank_pay' }).click()
    assert.equal(page.url(), link)
  }
  const shown = await page.locator('main').innerText()
  for (const words of [
    'service:billing',
    'bank_pay',
    'two-people',
    'a client certificate',
    String(args.amount),
  ])
    assert.ok(shown.includes(words), words)
  assert.equal(await press(page, 'Approve'), 'Call approved')
  assert.deepEqual(await client.call(args), { isError: false, text: 'paid' })
  assert.ok((await client.call(args)).isError)
  const decided = await server.event('tool.decided', ({ decision }) => decision === 'allow')
  assert.deepEqual([decided.principal, decided.confirmedBy], ['service:billing', ['user:carol']])
})

test('a client that shows links shows that one too, and goes on if it is approved while it waits', async (t) => {
  const approving: Promise<void>[] = []
  const client = await billing(t, 'modern', async ({ url, message }) => {
    assert.match(message, /Pass the link on/)
    approving.push(approves('carol', url))
    return 'accept'
  })
  assert.deepEqual(await client.call(payment()), { isError: false, text: 'paid' })
  await Promise.all(approving)
})

test('what was refused is told so, and is not asked about again', async (t) => {
  const client = await billing(t, 'plain')
  const args = payment()
  const link = linkIn((await client.call(args)).text)
  assert.equal(await sees('carol', link), 'Approve this call?')
  assert.equal(await press(pageOf('carol').page, 'Refuse'), 'Call refused')
  for (let times = 0; times < 2; times++) await assert.rejects(client.call(args), /refused/)
})

test('four eyes: not the owner of the service, not the person who asks, and nobody without the role', async (t) => {
  const client = await billing(t, 'plain')
  const args = payment()
  const link = linkIn((await client.call(args)).text)
  assert.equal(await sees('bob', link), 'Nothing to answer here')
  const own = await connectConfirming(server, 'plain', { token: await server.token('alice') })
  t.after(() => own.close())
  const mine = linkIn((await own.call(args)).text)
  assert.equal(await sees('alice', mine), 'Nothing to answer here')
  await approves('bob', mine)
  assert.equal((await own.call(args)).isError, false)
  assert.ok((await client.call(args)).isError, 'what was approved for alice is good for nobody else')
  await approves('alice', link)
  assert.equal((await client.call(args)).isError, false)
})

test('the policy is asked again: by whom it was approved must be able to approve it when the call is made', async (t) => {
  const client = await billing(t, 'plain')
  const args = payment()
  const link = linkIn((await client.call(args)).text)
  await approves('carol', link)
  server.setRules(RULES_OF_AUDITORS)
  const paid = server.ran.length
  const again = linkIn((await client.call(args)).text)
  assert.notEqual(again, link)
  assert.equal(await sees('carol', again), 'Nothing to answer here')
  assert.equal(server.ran.length, paid)
})

const RULES_OF_AUDITORS = `
  - { name: two-people, effect: approve, tools: [ bank_pay ], by: { role: payer } }
`

test('a certificate answers nothing on the pages, however good it is', async (t) => {
  const client = await billing(t, 'plain')
  const link = linkIn((await client.call(payment())).text)
  const id = link.split('/').at(-1) ?? ''
  for (const name of ['billing', 'carol']) {
    const pair = await server.authority.client(name, 'good', name === 'carol' ? 'user' : 'service')
    const asked = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
    const shown = await ask({
      ...asked,
      path: `/confirm/${id}`,
      method: 'GET',
      headers: { accept: 'text/html' },
    })
    assert.deepEqual([shown.status, shown.headers.location], [303, '/login'])
    const posted = await ask({
      ...asked,
      path: '/auth/confirm',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `id=${id}&decision=confirm&csrf=x`,
    })
    assert.deepEqual([posted.status, posted.headers.location], [303, '/login'])
  }
  const kept = await server.store.confirmations.find(id, Date.now())
  assert.equal(kept?.answer, '')
})
