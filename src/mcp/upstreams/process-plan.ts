import { dirname } from 'node:path'
import { planBubblewrap } from './bubblewrap-plan.ts'
import { planContainer } from './container-plan.ts'
import { baseEnvironment, pathOf } from './process-environment.ts'
import { SYSTEM_PATH, type ProcessHost, type StdioTransport } from './process-host.ts'
import { faulty, type LaunchPlan } from './process-launch.ts'
import { findProgram, notFound } from './process-program.ts'
import { planUser } from './process-user.ts'

/** How an upstream is started here as it is to be kept apart, or why that cannot be. Nothing is started or made. */
export async function planLaunch(transport: StdioTransport, host: ProcessHost): Promise<LaunchPlan> {
  const { isolation } = transport
  switch (isolation.kind) {
    case 'bubblewrap':
      return planBubblewrap(transport, isolation, host)
    case 'user':
      return planUser(transport, isolation.user, host)
    case 'container':
      return planContainer(transport, isolation, host)
    case 'trusted':
      return planTrusted(transport, host)
  }
}

/** It runs as we do. */
async function planTrusted(transport: StdioTransport, host: ProcessHost): Promise<LaunchPlan> {
  const { home, cwd = home, args } = transport
  const path = `${dirname(host.node)}:${SYSTEM_PATH}`
  const file = await findProgram(transport.command, pathOf(transport) ?? path, cwd)
  if (file === undefined) return faulty('program', notFound(transport.command))
  return {
    kind: 'ready',
    environment: baseEnvironment(host, { path, home }),
    home,
    launch: (environment) => ({ file, args, environment, cwd, end: { kind: 'group' } }),
  }
}
