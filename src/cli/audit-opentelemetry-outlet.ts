import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { Outlet, OutgoingLine } from '../audit/mirror.ts'
import { VERSION } from '../version.ts'

/** Where log records go. */
export interface OpenTelemetryOutletOptions {
  readonly url: string
  readonly serviceName: string
}

/** How long a collector may take, in ms. */
const GIVEN_UP = 5000

interface Exporter {
  send(lines: readonly OutgoingLine[]): Promise<void>
  close(): Promise<void>
}

/**
 * Sends lines to a collector of OpenTelemetry as log records: OTLP over HTTP, with headers and certificates from the
 * variables of OpenTelemetry. The SDK is loaded with the first line. Resolves once the collector has taken them.
 */
export function openTelemetryOutlet(options: OpenTelemetryOutletOptions): Outlet {
  let exporter: Promise<Exporter> | undefined
  return {
    name: `the collector ${options.url}`,
    async send(lines) {
      exporter ??= loaded(options)
      await (await exporter).send(lines)
    },
    close: async () => (await exporter)?.close(),
  }
}

async function loaded({ url, serviceName }: OpenTelemetryOutletOptions): Promise<Exporter> {
  const [{ SeverityNumber }, { LoggerProvider }, { OTLPLogExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-logs'),
      import('@opentelemetry/exporter-logs-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const exporter = new OTLPLogExporter({ url, timeoutMillis: GIVEN_UP })
  const collected: ReadableLogRecord[] = []
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': VERSION }),
    processors: [collecting(collected)],
  })
  const logger = provider.getLogger('sallyport.audit', VERSION)
  return {
    async send(lines) {
      for (const { writer, written } of lines) {
        const { event, at, seq, line } = written
        const isRefused = 'decision' in event && event.decision === 'deny'
        logger.emit({
          timestamp: at,
          eventName: event.event,
          severityNumber: isRefused ? SeverityNumber.WARN : SeverityNumber.INFO,
          severityText: isRefused ? 'WARN' : 'INFO',
          body: line,
          attributes: attributesOf(writer, seq, event),
        })
      }
      const records = collected.splice(0)
      await new Promise<void>((resolve, reject) => {
        exporter.export(records, ({ error }) => (error === undefined ? resolve() : reject(error)))
      })
    },
    close: async () => exporter.shutdown(),
  }
}

/** Characters of a name that a stranger may have made up. */
const LONGEST = 256

/** What is looked for; everything is in the line. */
const SHOWN = ['requestId', 'principal', 'action', 'resource', 'decision', 'reason', 'rule', 'trace'] as const

function attributesOf(writer: string, seq: number, event: object): Record<string, string | number> {
  const fields: Readonly<Record<string, unknown>> = { ...event }
  const shown = SHOWN.flatMap<[string, string]>((name) => {
    const value = fields[name]
    return typeof value === 'string' ? [[`sallyport.${name}`, value.slice(0, LONGEST)]] : []
  })
  return { 'sallyport.writer': writer, 'sallyport.seq': seq, ...Object.fromEntries(shown) }
}

/** Keeps what is emitted, to send it when it is wanted. */
function collecting(records: ReadableLogRecord[]): LogRecordProcessor {
  return {
    onEmit: (record) => void records.push(record),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
}
