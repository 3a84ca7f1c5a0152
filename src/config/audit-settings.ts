import * as z from 'zod'
import type { Contradiction } from './contradiction.ts'
import { collectorUrl, duration, path, strict, text, whole } from './shapes.ts'

/** How the audit trail is kept; paths as written, durations in ms. */
export interface AuditSettings {
  readonly directory: string
  /** Bytes. */
  readonly largestFile: number
  /** Keys the digests of arguments. */
  readonly keyFile: string
  readonly signingKeyFile: string
  readonly checkpoints: { readonly lines: number; readonly every: number }
  readonly arguments: readonly ArgumentsSettings[]
  readonly anchors: readonly AnchorSettings[]
  readonly sinks: readonly SinkSettings[]
}

/** What of the arguments of some tools, prompts and resources is recorded. */
export interface ArgumentsSettings {
  readonly tools?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly record: 'digest' | 'names' | 'redacted' | 'full'
  readonly keep?: readonly string[] | undefined
}

/** Where checkpoints are kept as well. */
export type AnchorSettings =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'redis'; readonly length: number }
  | SyslogSettings

/** Where the lines are sent as well. */
export type SinkSettings =
  | { readonly kind: 'redis'; readonly length: number; readonly required: boolean }
  | (SyslogSettings & { readonly required?: undefined })
  | {
      readonly kind: 'opentelemetry'
      readonly url: string
      readonly required: boolean
    }

/** A syslog server (RFC 5424). */
export interface SyslogSettings {
  readonly kind: 'syslog'
  /** `udp://host:514`, `tcp://host:601` or `tls://host:6514`. */
  readonly url: string
  /** RFC 5424, table 1. */
  readonly facility: number
  /** Whose certificate it has; the roots of Node without. */
  readonly ca?: string | undefined
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

const file = text('a path')

const pattern = text('a pattern')
  .max(256, 'must be at most 256 characters')
  .refine((value) => !value.includes('***'), 'must not have three stars in a row')

const patterns = z
  .array(pattern, 'must be a list of patterns')
  .min(1, 'must name at least one pattern')
  .max(1000, 'must be at most 1000 patterns')
  .optional()

const argumentsRule = strict({
  tools: patterns.describe('Patterns of names, as in access.yaml.'),
  prompts: patterns.describe('Patterns of names.'),
  resources: patterns.describe('Patterns of URIs.'),
  record: z
    .enum(['digest', 'names', 'redacted', 'full'], 'must be digest, names, redacted or full')
    .describe(
      'digest: a keyed digest; names: and which there are; redacted: and the values in keep; full: all values.',
    ),
  keep: z
    .array(text('a name'), 'must be a list of names')
    .max(64, 'must be at most 64 names')
    .optional()
    .describe('With redacted: the arguments whose values are recorded.'),
})
  .refine(
    ({ tools, prompts, resources }) => [tools, prompts, resources].some((list) => list !== undefined),
    'must say for what it is: tools, prompts or resources',
  )
  .refine(
    ({ record, keep }) => keep === undefined || record === 'redacted',
    'must have keep only beside "record: redacted"',
  )

const SYSLOG = 'must be udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT'

const syslog = {
  kind: z.literal('syslog'),
  url: text('a URL')
    .regex(/^(?:udp|tcp|tls):\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/, SYSLOG)
    .describe('udp://HOST:514, tcp://HOST:601 or tls://HOST:6514.'),
  facility: whole(0, 23).default(13).describe('RFC 5424; 13 is "log audit".'),
  ca: file.optional().describe('Whose certificate the server has (PEM); the CAs that Node knows, without.'),
  certificate: file.optional().describe('Client certificate (PEM).'),
  key: file.optional().describe('Its private key (PEM, mode 0600).'),
}

const length = whole(1000, 1_000_000_000)
  .default(1_000_000)
  .describe('Entries that the stream keeps, about; the oldest go.')

const required = z
  .boolean('must be true or false')
  .default(false)
  .describe('true: what does not get there within a second is refused.')

const anchor = z.discriminatedUnion(
  'kind',
  [
    strict({
      kind: z.literal('file'),
      path: file.describe('A file on another volume; lines are added to it.'),
    }),
    strict({ kind: z.literal('redis'), length }),
    strict(syslog),
  ],
  { error: 'must have a kind: file, redis or syslog' },
)

const sink = z.discriminatedUnion(
  'kind',
  [
    strict({ kind: z.literal('redis'), length, required }),
    strict(syslog),
    strict({
      kind: z.literal('opentelemetry'),
      url: collectorUrl('http://127.0.0.1:4318/v1/logs').describe(
        'Where a collector takes logs (OTLP over HTTP). Headers come from the variables of OpenTelemetry.',
      ),
      required,
    }),
  ],
  { error: 'must have a kind: redis, syslog or opentelemetry' },
)

const DIRECTORY = 'data/audit'

const mapSchema = strict({
  directory: path(DIRECTORY).describe('Folder of the audit trail.'),
  largestFile: whole(1_048_576, 1_073_741_824)
    .default(67_108_864)
    .describe('Bytes after which a file is followed by another one of the same day.'),
  keyFile: path('data/audit-key').describe(
    'Keys the digests of arguments; made where it is missing. Several nodes may share it.',
  ),
  signingKeyFile: path('data/audit-signing-key.pem').describe(
    'Signs checkpoints; made where it is missing, with its public part beside it (.pub.pem).',
  ),
  checkpoints: strict({
    lines: whole(10, 100_000).default(1000).describe('At most so many lines without a checkpoint.'),
    every: duration('10s', 'At most so long without one, while there are lines.'),
  }).prefault({}),
  arguments: z
    .array(argumentsRule, 'must be a list of rules')
    .max(1000, 'must be at most 1000 rules')
    .default([])
    .describe(
      'What of the arguments is recorded; the first rule that fits holds, and a keyed digest without.',
    ),
  anchors: z
    .array(anchor, 'must be a list of anchors')
    .max(10, 'must be at most 10 anchors')
    .default([])
    .describe('Where checkpoints are kept as well: only they show that lines were not cut off the end.'),
  sinks: z
    .array(sink, 'must be a list of sinks')
    .max(10, 'must be at most 10 sinks')
    .default([])
    .describe('Where the lines are sent as well.'),
})

/** Validates the section `audit`: the folder alone, or everything. */
export const auditSchema: z.ZodType<AuditSettings> = z
  .union([file.transform((directory) => mapSchema.parse({ directory })), mapSchema], {
    error: 'must be the path of a folder, or a map',
  })
  .prefault({})
  .describe('The audit trail: its folder, or a map with everything that can be set about it.')

/** The same with absolute paths. */
export function auditWithPaths(settings: AuditSettings, inFile: (path: string) => string): AuditSettings {
  const { directory, keyFile, signingKeyFile, anchors, sinks } = settings
  return {
    ...settings,
    directory: inFile(directory),
    keyFile: inFile(keyFile),
    signingKeyFile: inFile(signingKeyFile),
    anchors: anchors.map((one) => withPaths(one, inFile)),
    sinks: sinks.map((one) => withPaths(one, inFile)),
  }
}

const PATHS: ReadonlySet<string> = new Set(['path', 'ca', 'certificate', 'key'])

function withPaths<One extends AnchorSettings | SinkSettings>(
  one: One,
  inFile: (path: string) => string,
): One {
  const paths = Object.entries(one).flatMap<[string, string]>(([name, value]: [string, unknown]) =>
    PATHS.has(name) && typeof value === 'string' ? [[name, inFile(value)]] : [],
  )
  return { ...one, ...Object.fromEntries(paths) }
}

/** What does not go together with the store. */
export function auditFaults(store: string, { anchors, sinks }: AuditSettings): Contradiction[] {
  const isRedis = store.startsWith('redis')
  const of = (name: string, all: readonly (AnchorSettings | SinkSettings)[]): Contradiction[] =>
    all.flatMap((one, index) => {
      const sentence = faultOf(one, isRedis)
      return sentence === undefined ? [] : [{ path: ['audit', name, index], sentence }]
    })
  return [...of('anchors', anchors), ...of('sinks', sinks)]
}

function faultOf(one: AnchorSettings | SinkSettings, isRedis: boolean): string | undefined {
  if (one.kind === 'redis' && !isRedis)
    return 'is in the Redis of the store, and the store is none: set store to redis://…, or choose another kind'
  if (one.kind !== 'syslog') return undefined
  const files = [one.ca, one.certificate, one.key].filter((used) => used !== undefined)
  if (files.length > 0 && !one.url.startsWith('tls:'))
    return 'has files for TLS, and its URL does not begin with "tls://"'
  if ((one.certificate === undefined) !== (one.key === undefined))
    return 'must have both certificate and key, or neither'
  return undefined
}
