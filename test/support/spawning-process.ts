import { once } from 'node:events'
import { argv, stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import type { UpstreamTransport } from '../../src/mcp/upstreams/options.ts'
import type { ProcessHost } from '../../src/mcp/upstreams/process-host.ts'
import { thisHost } from '../../src/mcp/upstreams/process-this-host.ts'
import { createSpawn } from '../../src/mcp/upstreams/spawn-upstream.ts'

/** What a spawning process is told. */
export interface Spawning {
  readonly host: Pick<ProcessHost, 'own' | 'passwd'>
  readonly transports: readonly UpstreamTransport[]
}

/**
 * A server, as far as its upstreams see one: starts them, prints the first line of each in their order, ends them when
 * its stdin ends, and prints why each has ended: `spawning-process.ts JSON`.
 */
async function main({ host, transports }: Spawning): Promise<void> {
  const times = { afterStdin: 100, afterTerm: 100, afterKill: 2_000, afterExit: 100, look: 1_000 }
  const spawn = createSpawn({ ...thisHost({ own: [], language: 'C.UTF-8' }), ...host }, times)
  const processes = await Promise.all(
    transports.map(async (transport) =>
      spawn({ transport: withServer(transport) }, { token: 'of-alice' }, () => undefined),
    ),
  )
  for (const { stdout: output } of processes) {
    const [line] = (await once(createInterface({ input: output }), 'line')) as [string]
    stdout.write(`${line}\n`)
  }
  await once(stdin.resume(), 'end')
  await Promise.all(processes.map(async ({ close }) => close()))
  stdout.write(`${JSON.stringify(await Promise.all(processes.map(async ({ closed }) => closed)))}\n`)
}

/** Who we are is known here alone. */
function withServer(transport: UpstreamTransport): UpstreamTransport {
  if (transport.kind !== 'stdio') return transport
  const named = (text: string): string => text.replace('"server":0', `"server":${process.pid}`)
  return { ...transport, args: transport.args.map(named) }
}

if (import.meta.main) await main(JSON.parse(argv[2] ?? '') as Spawning)
