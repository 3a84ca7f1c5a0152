import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Browser, Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { ask } from '../support/clients.ts'
import {
  connectConfirming,
  linkIn,
  openLink,
  personIn,
  press,
  RULES,
  startConfirmingServer,
  type ClientKind,
  type ConfirmingClient,
  type ConfirmingServer,
  type Elicited,
  type OnLink,
} from '../support/confirming-server.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'

let redis: RedisServer
let server: ConfirmingServer
let browser: Browser
let late = 0
/** Browsers of alice and bob, who are logged in there. */
let alice: Page
let bob: Page
const codes = new Map<string, string[]>()
before(async () => {
  redis = await startRedis()
  server = await startConfirmingServer({ storeLocation: redis.url, clock: () => Date.now() + late })
  for (const name of ['alice', 'bob']) codes.set(name, [...(await server.addPerson(name))])
  browser = await startBrowser()
  ;[alice, bob] = [await personIn(browser), await personIn(browser)]
})
after(async () => {
  await browser.close()
  await server.close()
  await redis.stop()
})

let serial = 0
/** Arguments that no other test has. */
const payment = () => ({ to: 'DE89', amount: 100 + serial++ })

async function connected(t: TestContext, kind: ClientKind, onLink?: OnLink): Promise<ConfirmingClient> {
  const client = await connectConfirming(server, kind, { token: await server.token('alice') }, onLink)
  t.after(() => client.close())
  return client
}

/** Alice opens a link in a browser in which she is not logged in, and confirms there. */
async function confirms(link: string): Promise<void> {
  await alice.context().clearCookies()
  assert.equal(await opened(alice, link, 'alice'), 'Confirm this call?')
  assert.equal(await press(alice, 'Confirm'), 'Call confirmed')
}

async function opened(page: Page, link: string, name: string): Promise<string> {
  const left = codes.get(name) ?? []
  const [code = ''] = left.splice(0, 1)
  return openLink(page, link, name, [code])
}

/** Lets time pass, until the server has read again what it believes for seconds only. */
async function pass(ms: number): Promise<void> {
  late += ms
  const { ports, authority } = server
  const ready = { port: ports.people ?? 0, ca: authority.rootPem, path: '/readyz', method: 'GET' }
  while ((await ask(ready)).status !== 200) await setImmediate()
}

test('a client of 2026 shows the link and makes the call again by itself, once its person has confirmed', async (t) => {
  const seen: Elicited[] = []
  const confirming: Promise<void>[] = []
  const client = await connected(t, 'modern', async (elicited) => {
    seen.push(elicited)
    confirming.push(confirms(elicited.url))
    return 'accept'
  })
  const args = payment()
  assert.deepEqual(await client.call(args), { isError: false, text: 'paid' })
  await Promise.all(confirming)
  assert.equal(server.ran.at(-1), JSON.stringify(args))
  const [elicited] = seen
  assert.ok(elicited)
  assert.equal(seen.length, 1)
  assert.equal(elicited.mode, 'url')
  assert.equal(elicited.elicitationId, undefined)
  assert.match(elicited.url, new RegExp(`^https://localhost:${server.ports.people}/confirm/[\\w-]{22}$`))
  assert.match(
    elicited.message,
    new RegExp(`^Sallyport at localhost:${server.ports.people} needs your second factor`),
  )
  assert.ok(elicited.message.includes('"bank_pay"'))
  for (const secret of ['DE89', String(args.amount), 'alice']) assert.ok(!elicited.message.includes(secret))
  const used = await server.event('confirmation.used')
  assert.deepEqual([used.principal, used.by, used.rule], ['user:alice', 'user:alice', 'fresh-factor'])
  const decided = await server.event('tool.decided', ({ decision }) => decision === 'allow')
  assert.deepEqual(decided.confirmedBy, ['user:alice'])
})

test('a client of 2025 is asked on the stream of the call, which then goes on, and hears that it is complete', async (t) => {
  const seen: Elicited[] = []
  const confirming: Promise<void>[] = []
  const client = await connected(t, 'first', async (elicited) => {
    seen.push(elicited)
    confirming.push(confirms(elicited.url))
    return 'accept'
  })
  assert.deepEqual(await client.call(payment()), { isError: false, text: 'paid' })
  await Promise.all(confirming)
  assert.equal(seen.length, 1)
  assert.equal(seen[0]?.mode, 'url')
  assert.ok(seen[0]?.url.endsWith(`/confirm/${seen[0].elicitationId}`))
  assert.deepEqual(client.completed, [seen[0]?.elicitationId])
})

test('a client that can show no link is told it in words, and its second call passes, and no third one', async (t) => {
  const client = await connected(t, 'plain')
  const args = payment()
  const told = await client.call(args)
  assert.equal(told.isError, true)
  assert.match(told.text, /second factor/)
  assert.match(told.text, /the same call again, with the same arguments/)
  assert.equal(linkIn((await client.call(args)).text), linkIn(told.text), 'it is asked about once')
  await confirms(linkIn(told.text))
  const paid = server.ran.length
  assert.deepEqual(await client.call(args), { isError: false, text: 'paid' })
  assert.equal(server.ran.length, paid + 1)
  const again = await client.call(args)
  assert.equal(again.isError, true)
  assert.notEqual(linkIn(again.text), linkIn(told.text))
})

for (const kind of ['modern', 'first'] as const)
  test(`a person who does not want to open the link is not asked on, ${kind}`, async (t) => {
    const links: string[] = []
    const client = await connected(t, kind, async ({ url }) => {
      links.push(url)
      return links.length === 1 ? 'decline' : 'cancel'
    })
    const args = payment()
    for (const count of [1, 2]) {
      const { isError, text } = await client.call(args)
      assert.ok(isError)
      assert.match(text, /was declined/)
      assert.equal(links.length, count)
    }
    assert.notEqual(links[0], links[1], 'the first one is gone')
    assert.equal(await opened(alice, links[0] ?? '', 'alice'), 'Nothing to answer here')
  })

test('resources and prompts ask as tools do: by a link, or by an error with it', async (t) => {
  const confirming: Promise<void>[] = []
  const showing = await connected(t, 'modern', async ({ url }) => {
    confirming.push(confirms(url))
    return 'accept'
  })
  assert.match(JSON.stringify(await showing.read('ledger://2026')), /all is well/)
  await Promise.all(confirming)
  const plain = await connected(t, 'plain')
  const told = async (asking: Promise<unknown>): Promise<string> =>
    asking.then(
      () => '',
      (error: unknown) => String(error),
    )
  const link = linkIn(await told(plain.getPrompt('audit')))
  assert.match(await told(plain.read('ledger://2025')), /read the resource "ledger:\/\/2025"/)
  await confirms(link)
  assert.match(JSON.stringify(await plain.getPrompt('audit')), /"messages":\[\]/)
})

test('another person learns nothing by the link, and answers nothing', async (t) => {
  const client = await connected(t, 'plain')
  const args = payment()
  const link = linkIn((await client.call(args)).text)
  assert.equal(await opened(bob, link, 'bob'), 'Nothing to answer here')
  assert.ok(!(await bob.content()).includes(String(args.amount)))
  assert.equal((await client.call(args)).isError, true)
})

test('what alice confirmed lets through nobody else’s call, no other one, and none by another credential of hers', async (t) => {
  const client = await connected(t, 'plain')
  const args = payment()
  await confirms(linkIn((await client.call(args)).text))
  const paid = server.ran.length
  const other = await connected(t, 'plain')
  const theirs = await connectConfirming(server, 'plain', { token: await server.token('bob') })
  t.after(() => theirs.close())
  for (const outcome of [
    await other.call(args),
    await theirs.call(args),
    await client.call({ ...args, to: 'DE90' }),
    await client.call({ ...args, amount: args.amount + 0.01 }),
  ])
    assert.ok(outcome.isError && linkIn(outcome.text), 'each is asked about on its own')
  assert.equal(server.ran.length, paid)
  const all = await Promise.all(Array.from({ length: 20 }, () => client.call(args)))
  assert.equal(all.filter(({ isError }) => !isError).length, 1, 'of 20 at the same time one is paid')
  assert.equal(server.ran.length, paid + 1)
})

test('late is too late: to confirm after five minutes, and to call five minutes after that', async (t) => {
  const client = await connected(t, 'plain')
  const [args, other] = [payment(), payment()]
  const [link, unanswered] = [linkIn((await client.call(args)).text), linkIn((await client.call(other)).text)]
  await confirms(link)
  await pass(5 * 60_000)
  assert.equal(await opened(alice, unanswered, 'alice'), 'Nothing to answer here')
  assert.equal((await client.call(args)).isError, true)
})

test('the policy is asked again when the call is made: what it forbids meanwhile was confirmed in vain', async (t) => {
  const client = await connected(t, 'plain')
  const args = payment()
  await confirms(linkIn((await client.call(args)).text))
  server.setRules('[ { name: closed, effect: deny, tools: [ bank_pay ] } ]')
  t.after(() => server.setRules(RULES))
  await assert.rejects(client.call(args), /Unknown tool/)
})

test('a model that holds the token of its person confirms nothing by it', async (t) => {
  const client = await connected(t, 'plain')
  const link = linkIn((await client.call(payment())).text)
  const token = await server.token('alice')
  const id = link.split('/').at(-1) ?? ''
  for (const [path, body, type] of [
    [`/confirm/${id}`, undefined, 'text/plain'],
    ['/auth/confirm', `id=${id}&decision=confirm&csrf=x`, 'application/x-www-form-urlencoded'],
    ['/auth/confirm', JSON.stringify({ id, decision: 'confirm', csrf: 'x' }), 'application/json'],
  ] as const) {
    const { status, headers } = await ask({
      port: server.ports.people ?? 0,
      ca: server.authority.rootPem,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      ...(body === undefined ? {} : { body }),
    })
    assert.ok(headers.location === '/login' || status === 415, `${path}: ${status}`)
  }
  assert.equal(await server.store.confirmations.find(id, Date.now() + late).then((kept) => kept?.answer), '')
})

test('whoever writes to Redis confirms nothing', async (t) => {
  const client = await connected(t, 'plain')
  const args = payment()
  const link = linkIn((await client.call(args)).text)
  const id = link.split('/').at(-1) ?? ''
  const raw = new Redis(redis.url)
  t.after(() => raw.disconnect())
  const key = `sallyport:{confirmations}:one:${id}`
  assert.ok(await raw.exists(key))
  await raw.hset(key, 'answer', 'given', 'expiresAt', String(Date.now() + 10 ** 9))
  const paid = server.ran.length
  const forged = await client.call(args)
  assert.ok(forged.isError)
  assert.notEqual(linkIn(forged.text), link)
  assert.equal(server.ran.length, paid)
})
