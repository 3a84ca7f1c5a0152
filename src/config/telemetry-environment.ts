/** A setting that a variable of OpenTelemetry stands for. */
export interface TelemetryVariable {
  readonly name: string
  readonly path: readonly string[]
  readonly value: unknown
}

const ENDPOINT = ['telemetry', 'traces', 'endpoint']

/**
 * The settings that the standard variables of OpenTelemetry stand for, the one that counts last. Everything else that
 * they can say (headers, time limits, certificates) the exporter itself reads.
 *
 * @param read the value of a variable; an empty one counts as unset
 */
export function telemetryVariables(read: (name: string) => string | undefined): readonly TelemetryVariable[] {
  const general = read('OTEL_EXPORTER_OTLP_ENDPOINT')
  const isDisabled = read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true'
  const all = [
    { name: 'OTEL_SERVICE_NAME', path: ['telemetry', 'serviceName'], value: read('OTEL_SERVICE_NAME') },
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', path: ENDPOINT, value: general && tracesBelow(general) },
    {
      name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      path: ENDPOINT,
      value: read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'),
    },
    { name: 'OTEL_SDK_DISABLED', path: ENDPOINT, value: isDisabled ? false : undefined },
  ]
  return all.filter(({ value }) => value !== undefined)
}

/** The general variable is a base, each kind of signal has a path below it (OTLP exporter specification). */
function tracesBelow(base: string): string {
  return `${base.replace(/\/$/, '')}/v1/traces`
}
