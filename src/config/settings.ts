import * as z from 'zod'
import { auditSchema, type AuditSettings } from './audit-settings.ts'
import { identitySchema, type IdentitySettings } from './identity-settings.ts'
import { listenersSchema, type ListenerSettings } from './listener-settings.ts'
import { redisSchema, type RedisSettings } from './redis-settings.ts'
import {
  passwordsSchema,
  sessionsSchema,
  throttleSchema,
  type PasswordSettings,
  type SessionSettings,
  type ThrottleSettings,
} from './session-settings.ts'
import { path, strict, strictKnowing, text, whole } from './shapes.ts'
import { telemetrySchema, type TelemetrySettings } from './telemetry-settings.ts'
import { trustSchema, type TrustSettings } from './trust-settings.ts'
import { pinsSchema, upstreamsSchema, type PinSettings, type UpstreamSettings } from './upstream-settings.ts'

/** What `sallyport.yaml` says, with the defaults filled in; paths as written, durations in ms. */
export interface Settings {
  readonly trustDomain: string
  readonly listeners: ListenerSettings
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
  /** As in `https://door.example`; `false`: the first of `hosts` and the port that is listened on. */
  readonly publicUrl: string | false
  readonly tls: {
    readonly certificate: string
    readonly key: string
    readonly minVersion: 'TLSv1.3' | 'TLSv1.2'
    readonly unsafeSessionTickets: boolean
  }
  readonly trust: TrustSettings
  readonly certificates: string
  /** `false`: what is issued does not say where revocation lists are to be had. */
  readonly authority: {
    readonly revocationListUrl: string | false
    /** Folder for what others need of the CA; `false` for none. */
    readonly publish: string | false
  }
  readonly issuer: { readonly socket: string }
  readonly access: string
  readonly audit: AuditSettings
  /** Modules that export `tools`, `prompts` or `resources`. */
  readonly tools: readonly string[]
  /** By name: MCP servers behind this one. */
  readonly upstreams: Readonly<Record<string, UpstreamSettings>>
  readonly pins: PinSettings
  readonly store: string
  readonly redis: RedisSettings
  readonly sessions: SessionSettings
  /** What one hash of a password costs (argon2id); what is stored is hashed anew at the next login. */
  readonly passwords: PasswordSettings
  readonly throttle: ThrottleSettings
  readonly identity: IdentitySettings
  readonly limits: {
    readonly bodyBytes: number
    readonly requestsInFlight: number
    readonly legacySessions: number
    readonly requestsPerMinute: number
  }
  readonly telemetry: TelemetrySettings
}

const hostName = text('a host name').regex(
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/,
  'must be a host name in lower case, or an IP address, without port',
)

const origin = text('an origin').refine(
  isOrigin,
  'must be an origin such as "https://console.example", without path and trailing slash',
)

function isOrigin(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && ['https:', 'http:'].includes(url.protocol) && url.origin === value
}

const PUBLIC_URL = 'must be an https origin such as "https://door.example", without path and trailing slash'

function isPublicUrl(value: string): boolean {
  return value.startsWith('https:') && isOrigin(value)
}

const PUBLISHING_URL = 'must be an http or https URL without a query, as in "http://pki.example/lists"'

function isPublishingUrl(value: string): boolean {
  const url = URL.parse(value)
  const plain =
    url !== null && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  // As it will stand in certificates: an IA5String (RFC 5280, 4.2.1.6).
  return plain && ['https:', 'http:'].includes(url.protocol) && /^[!-~]+$/.test(value)
}

/** What other clients call it. */
const section = strictKnowing({ mcpServers: 'did you mean "upstreams"?' })

/** Validates `sallyport.yaml`, fills in defaults, and makes its published JSON Schema. Unknown keys are refused. */
export const settingsSchema: z.ZodType<Settings> = section({
  trustDomain: text('a trust domain')
    .max(255, 'must be at most 255 characters')
    .regex(/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/, 'must be lower-case letters, digits, ".", "_" and "-"')
    .default('sallyport.internal')
    .describe('Names of principals live in it: spiffe://<trustDomain>/<kind>/<name>.'),
  listeners: listenersSchema,
  hosts: z
    .array(hostName, 'must be a list of host names')
    .max(100, 'must be at most 100 names')
    .default([])
    .describe('Names accepted in the Host header, beside localhost and the name of this machine.'),
  origins: z
    .array(origin, 'must be a list of origins')
    .max(100, 'must be at most 100 origins')
    .default([])
    .describe('Browser origins accepted beside our own.'),
  publicUrl: z
    .union([z.literal(false), text('an origin').refine(isPublicUrl, PUBLIC_URL)], {
      error: `${PUBLIC_URL}, or false`,
    })
    .default(false)
    .describe(
      'Where browsers reach the door for people: links to pages begin with it. Its host is accepted as those above.',
    ),
  tls: strict({
    certificate: path('certs/server/server.pem').describe('Server certificate, then its issuing CA (PEM).'),
    key: path('certs/server/server.key.pem').describe('Its private key (PEM, mode 0600).'),
    minVersion: z.enum(['TLSv1.3', 'TLSv1.2'], 'must be TLSv1.3 or TLSv1.2').default('TLSv1.3'),
    unsafeSessionTickets: z
      .boolean('must be true or false')
      .default(false)
      .describe('Resume TLS sessions: faster, and a revoked certificate may resume.'),
  }).prefault({}),
  trust: trustSchema,
  certificates: path('certs').describe('Folder of the local certificate authority.'),
  authority: strict({
    revocationListUrl: z
      .union([z.literal(false), text('a URL').refine(isPublishingUrl, PUBLISHING_URL)], {
        error: `${PUBLISHING_URL}, or false`,
      })
      .default(false)
      .describe(
        'Folder in which you publish root.crl and issuing.crl: what is issued from then on names them.',
      ),
    publish: z
      .union([z.literal(false), text('a path')], { error: 'must be a path, or false' })
      .default(false)
      .describe('Folder to which certificates and revocation lists are copied, and no key of the CA.'),
  }).prefault({}),
  issuer: strict({
    socket: path('data/issuer.sock').describe(
      'Unix socket of "sallyport issuer", which renews and enrols: who can connect to it gets certificates.',
    ),
  }).prefault({}),
  access: path('access.yaml').describe('The access policy.'),
  audit: auditSchema,
  tools: z
    .array(text('a path'), 'must be a list of paths')
    .max(100, 'must be at most 100 modules')
    .default([])
    .describe('Modules whose tools, prompts and resources are served beside the built-in ones.'),
  upstreams: upstreamsSchema,
  pins: pinsSchema,
  store: text('a store')
    .default('sqlite:data/sallyport.db')
    .describe(
      'sqlite:PATH for one machine; redis://…, redis+sentinel://… or redis+cluster://… (rediss for TLS) for several.',
    ),
  redis: redisSchema,
  sessions: sessionsSchema,
  passwords: passwordsSchema,
  throttle: throttleSchema,
  identity: identitySchema,
  limits: strict({
    bodyBytes: whole(1024, 67_108_864).default(4_194_304).describe('Largest request body.'),
    requestsInFlight: whole(1, 10_000).default(64).describe('Requests at once, per principal.'),
    legacySessions: whole(1, 10_000).default(32).describe('Sessions of older MCP clients, per principal.'),
    requestsPerMinute: whole(1, 1_000_000).default(6000).describe('Requests per minute, per principal.'),
  }).prefault({}),
  telemetry: telemetrySchema,
}).meta({
  title: 'Sallyport configuration',
  description: 'How the server listens and where its files are (sallyport.yaml).',
})
