import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { bridgedClient } from '../support/bridge.ts'
import { CLIENT_SHAPES, type ClientShape } from '../support/clients.ts'
import { sallyport, serving, type Served } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const MINUTES = 5
/** Between two calls of one client, in ms. */
const PAUSE = 200

test('bridges survive a certificate life of 60 s for five minutes, with calls of every client all the way', async (t) => {
  const cwd = await temporaryDirectory(t)
  const server = await serving('start', { cwd })
  try {
    await callAllTheWay(t, cwd, server)
  } finally {
    await server.stop()
  }
})

async function callAllTheWay(t: TestContext, cwd: string, server: Served): Promise<void> {
  const issued = await sallyport(['issue-client-cert', 'soak', '--role', 'reader', '--ttl', '60s'], { cwd })
  assert.equal(issued.code, 0, issued.stderr)
  const url = `https://localhost:${server.ports.certificates}/mcp`
  const certificate = async (): Promise<string> =>
    new X509Certificate(await readFile(join(cwd, 'certs', 'clients', 'soak', 'client.pem'))).serialNumber
  const serials = new Set<string>([await certificate()])
  const end = performance.now() + MINUTES * 60_000
  const slowest = new Map<ClientShape, number>()
  let calls = 0
  await Promise.all(
    CLIENT_SHAPES.map(async (shape) => {
      const { client, stderr } = await bridgedClient(t, shape, { url, as: 'soak', cwd })
      while (performance.now() < end) {
        const began = performance.now()
        const { isError } = await client.callTool({ name: 'time_now' }).catch((error: unknown) => {
          throw new Error(`${shape}: ${String(error)}\n${stderr()}`)
        })
        assert.notEqual(isError, true)
        slowest.set(shape, Math.max(slowest.get(shape) ?? 0, performance.now() - began))
        calls += 1
        serials.add(await certificate())
        await wait(PAUSE)
      }
      assert.doesNotMatch(stderr(), /another one is open|cannot|closed/)
    }),
  )
  const worst = [...slowest].map(([shape, ms]) => `${shape} ${ms.toFixed(0)} ms`).join(', ')
  t.diagnostic(`${calls} calls, none failed; ${serials.size - 1} renewals; slowest: ${worst}`)
  assert.ok(serials.size > 5, `${serials.size} certificates`)
}
