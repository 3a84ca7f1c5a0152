import type { Config } from '../config/config.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Log } from '../server-options.ts'

/** Where spans go, if they are wanted; only then anything of OpenTelemetry's SDK is loaded. */
export async function telemetryOf({ telemetry }: Config, log: Log): Promise<Telemetry | undefined> {
  const { endpoint, sampleRatio, principal } = telemetry.traces
  if (endpoint === false) return undefined
  const { openTelemetry } = await import('../telemetry.ts')
  return openTelemetry({
    endpoint,
    serviceName: telemetry.serviceName,
    sampleRatio,
    withPrincipal: principal,
    onProblem: (err) => log.error({ err }, 'spans cannot be delivered; requests are served as before'),
  })
}
