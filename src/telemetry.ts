import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Tracing } from './http/request-spans.ts'
import { VERSION } from './version.ts'

/** What {@link openTelemetry} takes. */
export interface TelemetryOptions {
  /** Where spans go: OTLP over HTTP. Headers and certificates come from the variables of OpenTelemetry. */
  readonly endpoint: string
  readonly serviceName: string
  /** Share of the traces that begin here, 0 to 1; those that callers begin are kept if they say so. */
  readonly sampleRatio: number
  readonly withPrincipal: boolean
  /** Told when spans cannot be delivered, once until they can be again. */
  readonly onProblem: (error: unknown) => void
}

/** Where spans go. */
export interface Telemetry {
  readonly tracing: Tracing
  /** Delivers what waits, for a moment; what cannot be delivered by then is lost. Never rejects. */
  close(): Promise<void>
}

/** A collector that is gone holds up nobody's end for longer, in ms. */
const CLOSE_GRACE = 3_000

/**
 * Begins to deliver spans, in the background: a collector that is slow or gone costs spans, and no request. The SDK is
 * loaded once this is called, and registers nothing that all of a process would see.
 */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { endpoint, serviceName, sampleRatio, withPrincipal } = options
  const [
    { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider },
    exporters,
    resources,
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const exporter = new exporters.OTLPTraceExporter({ url: endpoint })
  const provider = new TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': serviceName, 'service.version': VERSION }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: watched(exporter, options.onProblem) })],
  })
  return {
    tracing: { tracer: provider.getTracer('sallyport', VERSION), withPrincipal },
    async close() {
      const { promise: over, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, CLOSE_GRACE)
      // What went wrong was told where it did.
      await Promise.race([provider.shutdown().catch(() => undefined), over])
      clearTimeout(timer)
    },
  }
}

/** The SDK would keep it to itself that nothing arrives. */
function watched(exporter: SpanExporter, onProblem: TelemetryOptions['onProblem']): SpanExporter {
  let isTold = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && !isTold) onProblem(result.error)
        isTold = result.error !== undefined
        done(result)
      })
    },
    shutdown: async () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}
