import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { SpawnedProcess } from '../../src/mcp/upstreams/spawned-process.ts'
import { callOf, dialed, httpTransport, STDIO, upstreamOptions } from '../support/dialed.ts'

const SERVER = join(import.meta.dirname, '../support/quick-upstream.js')
const CALLS = 4_000
const AT_ONCE = 16
const ROUNDS = 7
/** µs of CPU of this process for one call by the wire alone, over HTTP. */
const TARGET = 120

type Work = () => Promise<unknown>

/** CPU time of this process for one call, in µs: the upstream is another one. */
async function cpuOf(work: Work): Promise<number> {
  let left = CALLS
  const worker = async (): Promise<void> => {
    while (left-- > 0) await work()
  }
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}

/** A call as node:http makes it, its body made and its answer parsed. */
function bare(port: number): Work {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  let id = 0
  return () =>
    new Promise((resolve, reject) => {
      const params = { name: 'hello', arguments: {} }
      const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params })
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const asked = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      })
      asked.on('error', reject)
      asked.end(body)
    })
}

async function startHttp(t: TestContext): Promise<number> {
  const server = spawn(process.execPath, [SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => server.kill())
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  return Number(String(line))
}

function startStdio(t: TestContext): SpawnedProcess {
  const server = spawn(process.execPath, [SERVER, 'stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => server.kill())
  const closed = once(server, 'exit').then(() => 'it has ended')
  return { stdin: server.stdin, stdout: server.stdout, closed, close: async () => void server.kill() }
}

test('a call to an upstream, by the wire alone', async (t) => {
  const port = await startHttp(t)
  const called = (connection: Awaited<ReturnType<typeof dialed>>['connection']): Work => {
    return async () => {
      const answer = await connection.request(callOf('hello', { meta: { traceparent: '00-a-b-01' } }))
      assert.equal(answer.kind, 'result')
    }
  }
  const http = async (path: string, era: '2025-11-25' | '2026-07-28') =>
    called(
      (await dialed(t, upstreamOptions(httpTransport(`http://127.0.0.1:${port}${path}`), { era })))
        .connection,
    )
  const stdio = await dialed(t, upstreamOptions(STDIO), { spawn: async () => startStdio(t) })
  const works: Readonly<Record<string, Work>> = {
    'floor: the same by bare node:http': bare(port),
    'HTTP, 2026-07-28, JSON': await http('/', '2026-07-28'),
    'HTTP, 2025-11-25, JSON': await http('/', '2025-11-25'),
    'HTTP, 2025-11-25, stream of events': await http('/stream', '2025-11-25'),
    'standard streams': called(stdio.connection),
  }
  const taken: Record<string, number[]> = {}
  for (let round = -1; round < ROUNDS; round++)
    for (const [what, work] of Object.entries(works)) {
      const each = await cpuOf(work)
      // The first round is for the compiler.
      if (round >= 0) (taken[what] ??= []).push(each)
    }
  const least = (what: string): number => Math.min(...(taken[what] ?? [NaN]))
  const [floor = ''] = Object.keys(works)
  for (const what of Object.keys(works)) {
    const isHttp = what.startsWith('HTTP')
    const target = isHttp ? `  target ${TARGET} µs${least(what) < TARGET ? '' : '  MISSED'}` : ''
    console.log(
      `${what.padEnd(40)} ${least(what).toFixed(1).padStart(8)} µs  x ${(least(what) / least(floor)).toFixed(2)}${target}`,
    )
  }
})
