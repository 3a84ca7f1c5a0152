import { launchFault } from '../mcp/upstreams/launch-fault.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { ProcessHost } from '../mcp/upstreams/process-host.ts'
import { fetchesWithoutNetwork } from './fetches-without-network.ts'
import { findingsOf, type Check, type Finding } from './doctor-finding.ts'
import { readLockFile } from './lock-file.ts'
import { upstreamHost } from './upstream-host.ts'
import { upstreamOptions } from './upstream-options.ts'

/** Whether upstreams can be started as they are configured, and what they offer was approved. Starts none of them. */
export const upstreams: Check = {
  name: 'upstreams',
  async run({ config }) {
    const options = upstreamOptions(config)
    if (options.length === 0) return []
    const { upstreams: pinned } = await readLockFile(config.pins.file)
    const unpinned = options.filter(({ name }) => !pinned.has(name)).map(({ name }) => name)
    const gone = [...pinned.keys()].filter((name) => options.every((one) => one.name !== name))
    return [
      ok(
        `${options.length} upstream(s) configured, ${options.length - unpinned.length} of them approved: "npx sallyport upstreams" asks them`,
      ),
      ...(await launchFindings(options, upstreamHost(config))),
      ...options.flatMap(wayFindings),
      ...unpinned.map((name) =>
        warning(`nothing of "${name}" was ever approved, so that nothing of it is served`, approve(name)),
      ),
      ...gone.map((name) =>
        warning(
          `the lock file ${config.pins.file} has "${name}", which is no upstream here`,
          `"npx sallyport lock remove ${name}" takes it out`,
        ),
      ),
    ]
  },
}

const { ok, warning, problem } = findingsOf(upstreams.name)

function approve(name: string): string {
  return `"npx sallyport lock approve ${name}" shows what it offers and asks`
}

async function launchFindings(
  options: readonly UpstreamOptions[],
  host: ProcessHost,
): Promise<readonly Finding[]> {
  const processes = options.filter(({ transport }) => transport.kind === 'stdio')
  if (processes.length === 0) return []
  const findings = await Promise.all(
    processes.map(async (one) => {
      const found = await launchFault(one, host)
      return found === undefined ? [] : [problem(`"${one.name}" cannot be started: ${found.fault}`, null)]
    }),
  )
  const problems = findings.flat()
  const startable = processes.length - problems.length
  return [
    ...(startable === 0 ? [] : [ok(`${startable} upstream(s) can be started, kept apart as configured`)]),
    ...problems,
  ]
}

/** What is likely to go wrong with the way to one of them. */
function wayFindings(options: UpstreamOptions): readonly Finding[] {
  const { name, transport } = options
  if (transport.kind !== 'stdio') return []
  const { command, isolation } = transport
  return [
    ...(isolation.kind === 'trusted'
      ? [
          warning(
            `"${name}" is trusted and can read everything that is ours`,
            'leave "trusted" out if it need not',
          ),
        ]
      : []),
    ...(fetchesWithoutNetwork(options)
      ? [
          warning(
            `"${name}" is started by ${command}, which fetches packages, and has no network`,
            'install its package and name its own command, or set sandbox.network to true',
          ),
        ]
      : []),
  ]
}
