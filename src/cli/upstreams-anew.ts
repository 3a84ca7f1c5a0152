import type { Config } from '../config/config.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { readUpstreams } from './upstream-options.ts'

/** What is taken of a configuration that has changed. */
export interface UpstreamsAnew {
  readonly options: readonly UpstreamOptions[]
  /** What is missing for some of them, one per line. */
  readonly lacks?: string
}

/**
 * The upstreams of a configuration that has changed. What is missing for one is the trouble of that one: it stays as it
 * was, and one that was not there, or whose user of the machine is another one's by now, is down.
 *
 * @param before those in force
 */
export function upstreamsAnew(
  config: Pick<Config, 'upstreams' | 'audit'>,
  before: readonly UpstreamOptions[],
): UpstreamsAnew {
  const read = readUpstreams(config)
  const faults = read.flatMap(({ fault }) => fault?.message ?? [])
  if (faults.length === 0) return { options: read.map(({ options }) => options) }
  const users = new Set(read.map(({ options }) => userOf(options)))
  const kept = new Map(
    before.flatMap((one) => {
      const user = userOf(one)
      const isReached = one.transport.kind !== 'in-process'
      return isReached && (user === undefined || !users.has(user)) ? [[one.name, one] as const] : []
    }),
  )
  return {
    options: read.map(({ options, fault }) =>
      fault === undefined ? options : (kept.get(options.name) ?? options),
    ),
    lacks: faults.join('\n'),
  }
}

function userOf({ transport }: UpstreamOptions): string | undefined {
  return transport.kind === 'stdio' && transport.isolation.kind === 'user'
    ? transport.isolation.user
    : undefined
}
