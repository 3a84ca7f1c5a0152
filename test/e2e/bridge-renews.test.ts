import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { withFileLock } from '../../src/pki/file-lock.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { rawBridge, type RawBridge } from '../support/bridge.ts'
import { enrolled } from '../support/enrolled.ts'
import { writeIdentity } from '../support/identity.ts'
import { inProcess } from '../support/in-process.ts'
import { testIssuer, type TestIssuer } from '../support/issuer.ts'
import { initialized, modernCall } from '../support/messages.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** The shortest there is, in ms; it is due 20 to 26 s after it was made. */
const LIFE = 60_000
/** How far the issuer's clock is behind, in ms. */
let behind = 0
let issuer: TestIssuer
let server: TestServer
let url: string
const released = new EventTarget()
let began = Promise.withResolvers<void>()
before(async () => {
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until it is told.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run() {
      began.resolve()
      await once(released, 'release')
      return textResult('released')
    },
  })
  server = await startServer({
    catalog: { tools: [hold] },
    issuerOf: (authority) => (issuer = testIssuer(authority, () => Date.now() - behind)),
  })
  url = `https://localhost:${server.ports.certificates}/mcp`
})
after(async () => server.close())

/** An identity whose certificate was made `age` ms ago. */
async function identityOfAge(name: string, age: number): Promise<string> {
  behind = age
  const pair = await enrolled(issuer, name, 'service', { life: LIFE })
  behind = 0
  return writeIdentity(server.authority, name, pair)
}

async function thumbprintIn(dir: string): Promise<string> {
  const { fingerprint256 } = new X509Certificate(await readFile(join(dir, 'client.pem')))
  return `sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`
}

/** Calls `whoami`; resolves with the certificate that the call was made with. */
async function calledBy(bridge: RawBridge, id: string): Promise<string> {
  const since = server.events.length
  bridge.say(modernCall(id, 'whoami'))
  const { error } = await bridge.heard((message) => message.id === id)
  assert.equal(error, undefined)
  const decided = server.events.slice(since).find(({ event }) => event === 'tool.decided')
  return decided !== undefined && 'credential' in decided ? decided.credential : 'nobody'
}

const renewals = (): number => issuer.asked.filter((what) => what === 'renew').length

test('two bridges with one identity renew it once; what runs is answered, the session goes on, new requests go out by the new certificate', async (t) => {
  const earlier = renewals()
  const dir = await identityOfAge('admin-cli', 22_000)
  const old = await thumbprintIn(dir)
  const one = rawBridge(t, { url, dir })
  const other = rawBridge(t, { url, dir })
  await initialized(one)
  one.say({ jsonrpc: '2.0', id: 'runs', method: 'tools/call', params: { name: 'hold', arguments: {} } })
  await began.promise
  await Promise.race([one.told(/renewed until/), other.told(/renewed until/)])
  const renewed = await thumbprintIn(dir)
  assert.notEqual(renewed, old)
  // The one that did not renew it sees it when it is due to look.
  for (const bridge of [one, other])
    for (let call = 0; (await calledBy(bridge, `call ${call}`)) !== renewed; call++);
  assert.equal(renewals() - earlier, 1)
  released.dispatchEvent(new Event('release'))
  assert.equal((await one.heard(({ id }) => id === 'runs')).error, undefined)
  one.say({ jsonrpc: '2.0', id: 'session', method: 'ping' })
  assert.deepEqual((await one.heard(({ id }) => id === 'session')).result, {})
  assert.doesNotMatch(one.stderr(), /another one is open/)
})

test('bridges that find the certificate of all to be due at the same time renew it once', async (t) => {
  const earlier = renewals()
  const dir = await identityOfAge('crowd', 27_000)
  // Nobody gets to it before all have seen that it is due.
  const bridges = await withFileLock(join(dir, 'renewal'), async () => {
    const started = [1, 2, 3].map(() => rawBridge(t, { url, dir }))
    await Promise.all(started.map(async (bridge) => bridge.told(/is to be renewed at/)))
    return started
  })
  await Promise.all(bridges.map(async (bridge) => bridge.told(/renewed until/)))
  assert.equal(renewals() - earlier, 1)
})

test('a bridge takes up a certificate that a command has renewed', async (t) => {
  const earlier = renewals()
  const dir = await identityOfAge('demo', 16_000)
  const bridge = rawBridge(t, { url, dir })
  await bridge.told(/will be renewed at/)
  const command = ['cert', 'renew', 'demo', '--dir', dir, '--url', url, '--force']
  const { code, stderr } = await inProcess(command, { cwd: server.authority.certs })
  assert.equal(code, 0, stderr)
  await bridge.told(/will be renewed at[\s\S]*will be renewed at/)
  assert.equal(renewals() - earlier, 1)
  assert.equal(await calledBy(bridge, 'x'), await thumbprintIn(dir))
})

test('an issuer that cannot do it at the moment is asked again', async (t) => {
  const dir = await identityOfAge('patient', 26_000)
  issuer.refuse('issuer_unavailable')
  t.after(() => issuer.refuse(undefined))
  const bridge = rawBridge(t, { url, dir })
  await bridge.told(/was not renewed: .*trying again/)
  issuer.refuse(undefined)
  await bridge.told(/renewed until/)
  assert.equal(await calledBy(bridge, 'x'), await thumbprintIn(dir))
})

test('a bridge that is refused a renewal works until its certificate ends, and says that it takes a new enrolment token', async (t) => {
  const earlier = renewals()
  const dir = await identityOfAge('refused', 55_000)
  issuer.refuse('renewal_refused')
  t.after(() => issuer.refuse(undefined))
  const bridge = rawBridge(t, { url, dir })
  await bridge.told(/does not renew the certificate .* ask for a new enrolment token/)
  assert.equal(await calledBy(bridge, 'still'), await thumbprintIn(dir))
  assert.equal(await bridge.ended, 1)
  assert.equal(renewals() - earlier, 1)
  assert.match(bridge.stderr(), /expired at .*: ask for a new enrolment token/)
})
