import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { fromJsonSchema } from '@modelcontextprotocol/server'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { openServers } from '../../src/open-servers.ts'
import type { Calling } from '../support/calling-process.ts'
import { httpTransport, upstreamOptions } from '../support/dialed.ts'
import { startServer, type TestServer } from '../support/server.ts'

const CALLER = resolve(import.meta.dirname, '../support/calling-process.ts')
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
  const { server, close } = await withUpstreams([{ name: 'there', path: '' }])
  try {
    for (const together of [1, 32]) {
      const [here, there] = await medians(['here', 'there_probe'], async (tool) =>
        cpuOf(server, together, tool),
      )
      const more = (there - here).toFixed(0)
      const ratio = (there / here).toFixed(2)
      console.log(
        `a call, ${String(together).padStart(2)} at once: in process ${here.toFixed(0)} µs of CPU, of the upstream ${there.toFixed(0)}: ${more} more, ${ratio} times`,
      )
    }
  } finally {
    await close()
  }
  t.diagnostic('CPU of the server alone: client and upstream are processes of their own')
})

test('what the list of 500 tools of ten upstreams costs', async () => {
  const names = Array.from({ length: 10 }, (_, index) => ({ name: `up${index}`, path: 'many' }))
  const { server, close } = await withUpstreams(names)
  try {
    const [list, call] = await medians([undefined, 'here'], async (tool) => cpuOf(server, 1, tool))
    console.log(
      `tools/list of 500 tools: ${list.toFixed(0)} µs of CPU for the whole request, beside ${call.toFixed(0)} for a call in process`,
    )
  } finally {
    await close()
  }
})

interface Bench {
  readonly server: TestServer
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

/** One after the other in each round, so that a noisy neighbour meets both. The first round warms up. */
async function medians<One, Other>(
  [one, other]: readonly [One, Other],
  measured: (which: One | Other) => Promise<number>,
): Promise<readonly [number, number]> {
  const taken: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const pair = [await measured(one), await measured(other)] as const
    if (round > 0) for (const index of [0, 1] as const) taken[index].push(pair[index])
  }
  return [median(taken[0]), median(taken[1])]
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN
}

/** CPU of this process, which serves, per request of another one; µs. */
async function cpuOf({ ports, authority }: TestServer, together: number, tool?: string): Promise<number> {
  const { cert, key } = await authority.client('admin-cli')
  const calling: Calling = {
    port: ports.certificates,
    cert,
    key,
    ca: authority.rootPem,
    calls: CALLS,
    together,
    ...(tool === undefined ? {} : { tool }),
  }
  const child = spawn(process.execPath, [CALLER, JSON.stringify(calling)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const before = process.cpuUsage()
  const [code] = (await once(child, 'exit')) as [number | null]
  const { user, system } = process.cpuUsage(before)
  assert.equal(code, 0)
  return (user + system) / CALLS
}
