import type { UpstreamOptions } from './options.ts'
import type { ProcessHost } from './process-host.ts'
import type { LaunchFault } from './process-launch.ts'
import { planLaunch } from './process-plan.ts'

/**
 * Why an upstream cannot be started here as it is configured; `undefined` if it can, or if it is no process of ours.
 * Nothing is started but, once, a sandbox to see whether it works.
 */
export async function launchFault(
  { transport }: Pick<UpstreamOptions, 'transport'>,
  host: ProcessHost,
): Promise<LaunchFault | undefined> {
  if (transport.kind !== 'stdio') return undefined
  const plan = await planLaunch(transport, host)
  return plan.kind === 'fault' ? plan : undefined
}
