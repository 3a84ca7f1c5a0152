import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { startBackend } from '../support/backend.ts'
import { rawBridge, type RawBridge } from '../support/bridge.ts'
import { testAuthority, type ClientVariation } from '../support/certificates.ts'
import { sallyport } from '../support/command.ts'
import { writeIdentity } from '../support/identity.ts'
import { inProcess } from '../support/in-process.ts'
import { initialized, modernCall } from '../support/messages.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let url: string
let began: () => void
before(async () => {
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until its caller leaves.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run(_args, { signal }) {
      began()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return textResult('left')
    },
  })
  server = await startServer({ catalog: { tools: [hold] } })
  url = `https://localhost:${server.ports.certificates}/mcp`
})
after(async () => server.close())

const call = (id: string): object => modernCall(id, 'whoami')

/** Asks something, and waits for the end: the error that was answered, the exit code, what was said last. */
async function askedTooLate(
  bridge: RawBridge,
): Promise<{ message: string; code: number | null; said: string }> {
  bridge.say(call('late'))
  const { error } = await bridge.heard(({ id }) => id === 'late')
  return { message: error?.message ?? '', code: await bridge.ended, said: bridge.stderr() }
}

describe('a bridge ends with exit code 1 and says why', () => {
  for (const era of ['2025', '2026'])
    test(`when its certificate is revoked, after an answer to what runs (${era})`, async (t) => {
      const { cert, key } = await server.authority.client('admin-cli')
      const dir = await writeIdentity(server.authority, `revoked-${era}`, { cert, key })
      const bridge = rawBridge(t, { url, dir })
      if (era === '2025') await initialized(bridge)
      const running = new Promise<void>((resolve) => {
        began = resolve
      })
      const legacyCall = {
        jsonrpc: '2.0',
        id: 'runs',
        method: 'tools/call',
        params: { name: 'hold', arguments: {} },
      }
      bridge.say(era === '2025' ? legacyCall : modernCall('runs', 'hold'))
      await running
      await server.authority.revoke(cert)
      await server.reloadTrust()
      server.readmit()
      const answer = await bridge.heard(({ id }) => id === 'runs')
      assert.match(answer.error?.message ?? '', /not known whether the request was carried out|knows nobody/)
      bridge.say(call('late'))
      assert.equal(await bridge.ended, 1)
      assert.match(bridge.stderr(), /knows nobody by the certificate of "revoked-\d+": it is revoked/)
    })

  test('when its certificate was revoked before it began', async (t) => {
    const dir = await writeIdentity(
      server.authority,
      'gone',
      await server.authority.client('demo', 'revoked'),
    )
    await server.reloadTrust()
    const { message, code, said } = await askedTooLate(rawBridge(t, { url, dir }))
    assert.match(message, /it is revoked/)
    assert.equal(code, 1)
    assert.match(said, /it is revoked/)
  })

  test('when its certificate is of another CA, which TLS refuses', async (t) => {
    const dir = await writeIdentity(
      server.authority,
      'stranger',
      await server.authority.client('demo', 'other-ca'),
    )
    const { message, code } = await askedTooLate(rawBridge(t, { url, dir }))
    assert.match(message, /closed the connection: the certificate of "stranger" is expired or not of its CA/)
    assert.equal(code, 1)
  })

  test('when the server is of another CA than the root that it trusts', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-other-'))
    t.after(async () => rm(directory, { recursive: true }))
    const dir = await writeIdentity(await testAuthority(directory), 'demo')
    const { message, code } = await askedTooLate(rawBridge(t, { url, dir }))
    assert.match(message, /is not of the CA in .*: is it another installation\?/)
    assert.equal(code, 1)
  })

  test('when the server has a certificate for other names', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-names-'))
    t.after(async () => rm(directory, { recursive: true }))
    const authority = await testAuthority(directory, { serverNames: ['door.example'] })
    const backend = await startBackend(authority)
    t.after(async () => backend.stop())
    const bridge = rawBridge(t, { url: backend.url, dir: await writeIdentity(authority, 'demo') })
    const { message, code } = await askedTooLate(bridge)
    assert.match(message, /has a certificate for other names/)
    assert.equal(code, 1)
  })

  for (const [variation, words] of [
    ['expired', /expired at .*, and an expired one cannot renew itself: ask for a new enrolment token/],
    ['not-yet-valid', /valid from .* only: check the clock/],
  ] as const satisfies readonly (readonly [ClientVariation, RegExp])[])
    test(`when its certificate is ${variation} from the beginning`, async (t) => {
      const pair = await server.authority.client('demo', variation)
      const bridge = rawBridge(t, { url, dir: await writeIdentity(server.authority, variation, pair) })
      assert.equal(await bridge.ended, 1)
      assert.match(bridge.stderr(), words)
    })

  test('when there is no identity, when the URL is none, and with 2 for wrong usage', async () => {
    const cwd = server.authority.certs
    const nobody = await sallyport(['connect', url, '--dir', join(cwd, 'nobody')], { cwd })
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /there is no client certificate in/)
    const plain = await inProcess(['connect', 'http://localhost:1/mcp'], { cwd })
    assert.equal(plain.code, 1)
    assert.match(plain.stderr, /is no URL of a server/)
    assert.equal((await inProcess(['connect', '--nonsense'], { cwd })).code, 2)
    assert.equal(existsSync(join(cwd, 'nobody')), false)
  })
})

test('a bridge goes on with a certificate that somebody else put in the place of a revoked one', async (t) => {
  const old = await server.authority.client('admin-cli')
  const dir = await writeIdentity(server.authority, 'replaced', old)
  const bridge = rawBridge(t, { url, dir })
  bridge.say(call('before'))
  await bridge.heard(({ id }) => id === 'before')
  await server.authority.revoke(old.cert)
  await writeIdentity(server.authority, 'replaced')
  await server.reloadTrust()
  server.readmit()
  bridge.say(call('after'))
  const { result, error } = await bridge.heard(({ id }) => id === 'after')
  assert.equal(error, undefined)
  assert.deepEqual(Object.entries(result?.['structuredContent'] ?? {})[0], ['principal', 'service:replaced'])
  assert.equal(await bridge.close(), 0)
})

test('a bridge without a request ends with 0 when its client closes standard input, or stops it', async (t) => {
  const dir = await writeIdentity(server.authority, 'demo')
  assert.equal(await rawBridge(t, { url, dir }).close(), 0)
  const bridge = rawBridge(t, { url, dir })
  bridge.say(call('1'))
  await bridge.heard(({ id }) => id === '1')
  bridge.process.kill('SIGTERM')
  assert.equal(await bridge.ended, 0)
  assert.equal(bridge.lines.length, 1)
})
