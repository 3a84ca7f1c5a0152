import type { Config } from '../config/config.ts'
import { launchFault } from '../mcp/upstreams/launch-fault.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { ProcessHost } from '../mcp/upstreams/process-host.ts'
import { codePaths } from './code-paths.ts'
import { ownPaths } from './own-paths.ts'

/**
 * Why upstreams would not be kept apart as they are to be, one sentence each: none is served then, and nobody is to find
 * that out by a call. A program that is not there is no such fault: that upstream is down.
 *
 * @param config that the upstreams are of, which need not be the one that the server was started by
 */
export async function isolationFaults(
  options: readonly UpstreamOptions[],
  config: Config,
  host: ProcessHost,
): Promise<readonly string[]> {
  const here = {
    ...host,
    own: [...new Set([...host.own, ...ownPaths(config)])],
    code: [...new Set([...host.code, ...codePaths(config)])],
  }
  const faults = await Promise.all(
    options.map(async (one) => {
      const found = await launchFault(one, here)
      return found?.of === 'isolation' ? [`upstreams.${one.name}: ${found.fault}`] : []
    }),
  )
  return faults.flat()
}
