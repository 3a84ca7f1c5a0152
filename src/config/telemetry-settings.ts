import * as z from 'zod'
import { collectorHelp, collectorUrl, strict, text } from './shapes.ts'

/** What `telemetry` says. */
export interface TelemetrySettings {
  /** What this server is called where its spans go. */
  readonly serviceName: string
  readonly traces: {
    /** Where spans go, by OTLP over HTTP; `false`: there are none. */
    readonly endpoint: string | false
    /** The share of the traces that begin here; those that callers begin are kept if they say so. */
    readonly sampleRatio: number
    /** Whether spans say who calls. */
    readonly principal: boolean
  }
}

const COLLECTOR = 'http://127.0.0.1:4318/v1/traces'
const RATIO = 'must be a number from 0 to 1'

/** Validates the section `telemetry`. */
export const telemetrySchema: z.ZodType<TelemetrySettings> = strict({
  serviceName: text('a name')
    .max(255, 'must be at most 255 characters')
    .default('sallyport')
    .describe('What this server is called where its spans go.'),
  traces: strict({
    endpoint: z
      .union([z.literal(false), collectorUrl(COLLECTOR)], { error: `${collectorHelp(COLLECTOR)}, or false` })
      .default(false)
      .describe('Where spans go (OpenTelemetry, OTLP over HTTP); false for none.'),
    sampleRatio: z
      .number(RATIO)
      .min(0, RATIO)
      .max(1, RATIO)
      .default(1)
      .describe(
        'Share of the traces that begin here; a trace that a caller began is kept if the caller says so.',
      ),
    principal: z
      .boolean('must be true or false')
      .default(false)
      .describe('Whether spans say who calls; arguments and names of tools are never in them.'),
  }).prefault({}),
}).prefault({})
