import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { Agent, createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import type { Browser, BrowserContext, Cookie, Page } from 'playwright-core'
import { addUser } from '../../src/login/add-user.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { newSessionToken } from '../../src/auth/session-token.ts'
import { ask } from '../support/clients.ts'
import { CHEAP, CHEAP_COST, PASSWORD } from '../support/login-door.ts'
import { startBrowser } from '../support/browser.ts'
import { openSession } from '../support/session.ts'
import { startServer, TEST_FACTOR_KEY, type TestServer } from '../support/server.ts'

/** Ours, a service beside it on the same host, a sibling domain, and somebody else. */
const DOOR = 'door.sallyport.test'
const SITES = {
  'the same host': DOOR,
  'a sibling domain': 'blog.sallyport.test',
  'another site': 'evil.test',
}

/** Everything that changes something. A path that does not exist is refused before anybody looks. */
const ACTIONS = [
  ['/auth/login', { username: 'mallory', password: PASSWORD }],
  ['/auth/logout', {}],
  ['/auth/refresh', {}],
  ['/auth/password', { password: PASSWORD, newPassword: 'chosen by somebody else' }],
  ['/auth/factor', { code: '000000' }],
  ['/auth/enrol/totp', {}],
  ['/auth/reauthenticate', { password: PASSWORD }],
  ['/auth/sessions/end-others', {}],
  ['/auth/device/approve', { userCode: 'AAAA-AAAA' }],
] as const

const MCP = ['/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }] as const
/** Every way to send each of them by a script: with the last two types a browser does not ask us first. */
const FETCHES = [...ACTIONS, MCP].flatMap(([path, fields]) =>
  ['application/json', 'text/plain', 'application/x-www-form-urlencoded'].flatMap((type) =>
    (['cors', 'no-cors'] as const).map((mode) => ({
      path,
      method: 'POST',
      body: JSON.stringify(fields),
      mode,
      credentials: 'include' as const,
      headers: { 'content-type': type },
    })),
  ),
)

let server: TestServer
let browser: Browser
let evil: Server
let plain: Server
let evilPage = ''
let cookiesOfAlice: Cookie[]
before(async () => {
  server = await startServer({ hosts: [DOOR], passwordCost: CHEAP_COST })
  for (const name of ['alice', 'mallory']) await newUser(name)
  browser = await startBrowser('--host-resolver-rules=MAP *.test 127.0.0.1')
  const answer: RequestListener = (_request, response) => {
    response.setHeader('content-type', 'text/html').end(evilPage)
  }
  const { cert, key } = server.authority.server
  evil = createServer({ cert, key }, answer)
  plain = createHttpServer(answer)
  for (const one of [evil, plain]) await once(one.listen(0, '127.0.0.1'), 'listening')
  await open()
  await logIn('alice')
  cookiesOfAlice = await context.cookies()
  await context.close()
})
after(async () => {
  await browser.close()
  for (const one of [evil, plain]) one.close()
  await server.close()
})

let context: BrowserContext
let page: Page
beforeEach(open)
afterEach(async () => context.close())

async function open(): Promise<void> {
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
}

async function newUser(name: string): Promise<void> {
  const vault = credentialVault(factorKeys([TEST_FACTOR_KEY]))
  await addUser({ users: server.store.users, vault }, CHEAP, { name, password: PASSWORD }, Date.now())
}

const door = (path: string): string => `https://${DOOR}:${server.ports.people}${path}`

function portOf(one: Server): number {
  return (one.address() as AddressInfo).port
}

async function logIn(name: string): Promise<void> {
  await page.goto(door('/login'))
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.waitForURL(door('/account'))
}

async function sessionCookie(): Promise<string | undefined> {
  const cookies = await context.cookies(door('/'))
  return cookies.find(({ name }) => name === '__Host-sallyport')?.value
}

/** Whose account the page of the browser shows now; undefined if it asks to log in. */
async function whose(): Promise<string | undefined> {
  await page.goto(door('/account'))
  if (page.url() !== door('/account')) return undefined
  return (
    (await page
      .getByText(/^(?:alice|mallory)$/)
      .first()
      .textContent()) ?? ''
  )
}

describe('a session', () => {
  test('ASVS 7.2.4: that somebody planted in the browser before is not the one after the login', async () => {
    await logIn('mallory')
    const planted = await sessionCookie()
    await context.clearCookies()
    await context.addCookies([
      { name: '__Host-sallyport', value: planted ?? '', url: door('/'), secure: true, httpOnly: true },
    ])
    // Whoever sees that he is somebody else logs out, or logs in at once.
    await page.goto(door('/account'))
    await page.getByRole('button', { name: 'Log out' }).first().click()
    await logIn('alice')
    assert.notEqual(await sessionCookie(), planted)
    assert.equal(await whose(), 'alice')
    await context.clearCookies()
    await context.addCookies([
      { name: '__Host-sallyport', value: planted ?? '', url: door('/'), secure: true, httpOnly: true },
    ])
    assert.equal(await whose(), undefined)
  })
})

for (const [who, host] of Object.entries(SITES))
  describe(`a page of ${who}`, () => {
    const at = (path = '/'): string => `https://${host}:${portOf(evil)}${path}`

    test('that posts forms changes nothing', async () => {
      await context.addCookies(cookiesOfAlice)
      const held = await sessionCookie()
      for (const [path, fields] of ACTIONS) {
        const inputs = Object.entries(fields).map(
          ([name, value]) => `<input name="${name}" value="${value}">`,
        )
        evilPage = `<form method="post" action="${door(path)}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`
        const answered = page.waitForResponse((response) => response.url() === door(path))
        await page.goto(at())
        assert.equal((await answered).status(), 403, path)
      }
      assert.equal(await sessionCookie(), held)
      assert.equal(await whose(), 'alice')
    })

    test('that fetches gets no answer, and changes nothing', async () => {
      await context.addCookies(cookiesOfAlice)
      const held = await sessionCookie()
      evilPage = '<!doctype html><title>evil</title>'
      await page.goto(at())
      const seen = await page.evaluate(
        async (all) =>
          Promise.all(
            all.map(({ url, init }) =>
              fetch(url, init).then(
                async (response) => `${response.type} ${response.status} ${await response.text()}`,
                () => 'refused',
              ),
            ),
          ),
        FETCHES.map(({ path, ...init }) => ({ url: door(path), init })),
      )
      assert.equal(seen.length, FETCHES.length)
      for (const [index, one] of seen.entries())
        assert.match(one, /^(?:refused|opaque 0 )$/, JSON.stringify(FETCHES[index]))
      assert.equal(await sessionCookie(), held)
      assert.equal(await whose(), 'alice')
    })

    test('that reads gets to see nothing', async () => {
      await context.addCookies(cookiesOfAlice)
      evilPage = '<!doctype html><title>evil</title>'
      await page.goto(at())
      for (const path of ['/auth/session', '/auth/sessions', '/account']) {
        const seen = await page.evaluate(
          async (url) =>
            fetch(url, { credentials: 'include' }).then(
              async (response) => response.text(),
              () => 'refused',
            ),
          door(path),
        )
        assert.equal(seen, 'refused')
      }
      evilPage = `<iframe src="${door('/account')}"></iframe>`
      await page.goto(at())
      const frame = page.frames().at(-1)
      assert.doesNotMatch((await frame?.content()) ?? '', /alice/)
    })
  })

describe('a cookie', () => {
  const NAMES = ['__Host-sallyport', '__Host-sallyport-form', '__Host-sallyport-device']

  test('of a sibling domain, or of plain HTTP, is not taken for one of ours', async () => {
    const mine = { name: '__Host-sallyport', domain: DOOR }
    const pages = [
      [`https://blog.sallyport.test:${portOf(evil)}/`, 'Domain=sallyport.test; Path=/; Secure'],
      [`https://blog.sallyport.test:${portOf(evil)}/`, 'Domain=sallyport.test; Path=/auth/; Secure'],
      [`http://blog.sallyport.test:${portOf(plain)}/`, 'Domain=sallyport.test; Path=/'],
      [`http://${DOOR}:${portOf(plain)}/`, 'Path=/'],
      [`http://${DOOR}:${portOf(plain)}/`, 'Path=/auth/'],
    ] as const
    for (const [url, attributes] of pages) {
      evilPage = `<script>${NAMES.map((name) => `document.cookie = ${JSON.stringify(`${name}=planted; ${attributes}`)}`).join(';')}</script>`
      await page.goto(url)
    }
    assert.deepEqual(await context.cookies(), [])
    await logIn('alice')
    assert.deepEqual(
      (await context.cookies())
        .filter(({ name }) => name === mine.name)
        .map(({ domain, path, secure }) => ({ domain, path, secure })),
      [{ domain: DOOR, path: '/', secure: true }],
    )
  })

  test('of ours that goes to a service on another port is of no use there', async () => {
    await context.addCookies(cookiesOfAlice)
    // Cookies ignore ports: the service beside ours does get it.
    const got = new Promise<string>((resolve) => {
      evil.once('request', (request: { headers: { cookie?: string } }) =>
        resolve(request.headers.cookie ?? ''),
      )
    })
    evilPage = '<!doctype html><title>evil</title>'
    await page.goto(`https://${DOOR}:${portOf(evil)}/`)
    const cookie = await got
    assert.match(cookie, /__Host-sallyport=/)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const answer = await ask({
      port: server.ports.people ?? 0,
      ca: server.authority.rootPem,
      headers: { cookie, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body,
    })
    assert.equal(answer.status, 401)
    assert.equal(
      (await server.event('request.refused', ({ reason }) => reason === 'session_wrong_site')).layer,
      'http',
    )
  })

  test('that is far too large, or one of thousands, is refused without a fault', async () => {
    for (const cookie of [
      `__Host-sallyport=${'a'.repeat(11_000)}`,
      `__Host-sallyport=${'a'.repeat(200_000)}`,
      Array.from({ length: 1500 }, (_, at) => `c${at}=x`).join('; '),
      '__Host-sallyport='.repeat(100),
    ])
      for (const path of ['/login', '/account', '/auth/session', '/mcp']) {
        const status = await ask({
          port: server.ports.people ?? 0,
          ca: server.authority.rootPem,
          path,
          method: 'GET',
          headers: { cookie },
        }).then(
          (answer) => answer.status,
          () => 'closed',
        )
        assert.ok([200, 303, 401, 405, 431, 'closed'].includes(status), `${path}: ${status}`)
      }
    assert.deepEqual(server.problems, [])
  })
})

test('ASVS 7.2.3: ids of sessions are not guessed: not one of 1,000 beside a real one is anybody', async () => {
  await openSession(server, 'alice')
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const statuses = await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      const { port, ca } = { port: server.ports.people ?? 0, ca: server.authority.rootPem }
      const headers = { authorization: `Bearer ${newSessionToken('alice')}` }
      return (await ask({ port, ca, agent, path: '/auth/session', method: 'GET', headers })).status
    }),
  )
  agent.destroy()
  assert.deepEqual([...new Set(statuses)], [401])
})
