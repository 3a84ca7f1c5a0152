import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fromJsonSchema } from '@modelcontextprotocol/server'
import { Pool } from 'undici'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { openServers } from '../../src/open-servers.ts'
import type { Calling } from '../support/calling-process.ts'
import { httpTransport, upstreamOptions } from '../support/dialed.ts'
import { median, servedCpu } from '../support/served-cpu.ts'
import { startServer, type TestServer } from '../support/server.ts'

const UPSTREAM = resolve(import.meta.dirname, '../support/quick-upstream.js')
const CALLS = 500
const ROUNDS = 7
const LIMITS = {
  bodyBytes: 4_194_304,
  requestsInFlight: 1000,
  requestsPerMinute: 1_000_000,
  legacySessions: 32,
}

/** What the upstream does, in this process. */
const probe = defineTool({
  name: 'here',
  description: 'Answers as the upstream does.',
  inputSchema: fromJsonSchema({ type: 'object' }),
  permission: 'probe:use',
  run: () => textResult('hello'),
})

test('what an upstream over HTTP adds to the CPU of a call', async (t) => {
  const { server, origin, close } = await withUpstreams([{ name: 'there', path: '' }])
  const floor = await bareServer(server.authority.server, origin)
  try {
    for (const together of [1, 32]) {
      const { here, there, bare, hop } = await measured({
        here: async () => cpuOf(server, together, 'here'),
        there: async () => cpuOf(server, together, 'there_probe'),
        bare: async () => cpuOf(server, together, 'here', floor.port),
        hop: async () => cpuOf(server, together, 'there', floor.port),
      })
      console.log(`a call, ${String(together).padStart(2)} at once, CPU in µs as median (least) of ${ROUNDS} rounds:
  in process ${told(here)}, of the upstream ${told(there)}: ${told(more(here, there))} more
  floor: bare node:https ${told(bare)}, with one dispatch of undici ${told(hop)}: ${told(more(bare, hop))} more`)
    }
  } finally {
    floor.close()
    await close()
  }
  t.diagnostic('CPU of the server alone: client and upstream are processes of their own')
})

test('what the list of 500 tools of ten upstreams costs', async () => {
  const names = Array.from({ length: 10 }, (_, index) => ({ name: `up${index}`, path: 'many' }))
  const { server, close } = await withUpstreams(names)
  try {
    const { list, call } = await measured({
      list: async () => cpuOf(server, 1),
      call: async () => cpuOf(server, 1, 'here'),
    })
    console.log(
      `tools/list of 500 tools: ${told(list)} µs of CPU for the whole request, beside ${told(call)} for a call in process`,
    )
  } finally {
    await close()
  }
})

/** The least that anybody could do: a server with the same TLS that says the same, having asked the upstream or not. */
async function bareServer(
  { cert, key }: TestServer['authority']['server'],
  origin: string,
): Promise<{ readonly port: number; close(): void }> {
  const pool = new Pool(origin, { connections: 64, pipelining: 1 })
  const server = createServer({ cert, key }, (request, response) => {
    void (async () => {
      const body = await text(request)
      const isHop = request.headers['mcp-name'] === 'there'
      const answer = isHop ? await asked(pool, body) : HELLO
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    port: address.port,
    close() {
      server.close()
      void pool.destroy()
    },
  }
}

const HELLO = '{"result":{"content":[{"type":"text","text":"hello"}]},"jsonrpc":"2.0","id":1}'

async function asked(pool: Pool, body: string): Promise<string> {
  const answer = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  const headers = { 'content-type': 'application/json' }
  pool.dispatch(
    { path: '/', method: 'POST', headers, body },
    {
      onRequestStart: () => undefined,
      onResponseData: (_, chunk) => void chunks.push(chunk),
      onResponseEnd: () => answer.resolve(Buffer.concat(chunks).toString()),
      onResponseError: (_, error) => answer.reject(error),
    },
  )
  return answer.promise
}

interface Bench {
  readonly server: TestServer
  readonly origin: string
  close(): Promise<void>
}

async function withUpstreams(
  names: readonly { readonly name: string; readonly path: string }[],
): Promise<Bench> {
  const child = spawn(process.execPath, [UPSTREAM], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const origin = `http://127.0.0.1:${line.toString().trim()}`
  const options = names.map(({ name, path }): UpstreamOptions => ({
    ...upstreamOptions(httpTransport(`${origin}/${path}`), { limits: { inFlight: 1000 } }),
    name,
  }))
  const upstreams = await openServers(options)
  const server = await startServer({ upstreams, catalog: { tools: [probe] }, limits: LIMITS })
  return {
    server,
    origin,
    async close() {
      await server.close()
      await upstreams.close()
      await ended(child)
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

/** Of the rounds: the median, which a noisy neighbour moves, and the least, which it cannot. */
interface Cost {
  readonly median: number
  readonly least: number
}

/** One after the other in each round, so that a noisy neighbour meets all. The first round warms up. */
async function measured<Name extends string>(
  works: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, Cost>>> {
  const all = Object.entries<() => Promise<number>>(works).map(([name, work]) => ({
    name,
    work,
    taken: [] as number[],
  }))
  for (let round = 0; round <= ROUNDS; round++)
    for (const { work, taken } of all) {
      const cost = await work()
      if (round > 0) taken.push(cost)
    }
  return Object.fromEntries(
    all.map(({ name, taken }) => [name, { median: median(taken), least: Math.min(...taken) }]),
  ) as Record<Name, Cost>
}

function more(one: Cost, other: Cost): Cost {
  return { median: other.median - one.median, least: other.least - one.least }
}

function told({ median: middle, least }: Cost): string {
  return `${middle.toFixed(0)} (${least.toFixed(0)})`
}

/** CPU of this process, which serves, per request of another one; µs. */
async function cpuOf(
  { ports, authority }: TestServer,
  together: number,
  tool?: string,
  port: number = ports.certificates,
): Promise<number> {
  const { cert, key } = await authority.client('admin-cli')
  const calling: Calling = {
    port,
    cert,
    key,
    ca: authority.rootPem,
    calls: CALLS,
    together,
    ...(tool === undefined ? {} : { tool }),
  }
  return servedCpu(calling)
}
