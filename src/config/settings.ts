import * as z from 'zod'
import { DURATION, parseDuration } from './duration.ts'
import { redisSchema, type RedisSettings } from './redis-settings.ts'
import { strict, text } from './shapes.ts'
import { trustSchema, type TrustSettings } from './trust-settings.ts'

/** One address to listen on. Port 0 takes any free one. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** An address for proxies that end TLS: where they say whose certificate a request is of, and which are believed. */
export interface ProxiedEndpoint extends Endpoint {
  readonly header: 'client-cert' | 'x-forwarded-client-cert'
  /** Principals, as in `service:edge`. */
  readonly proxies: readonly string[]
}

/** What `sallyport.yaml` says, with the defaults filled in; paths as written, durations in ms. */
export interface Settings {
  readonly trustDomain: string
  readonly listeners: {
    readonly certificates: Endpoint & { readonly clientCertificate: 'required' | 'optional' }
    readonly people: Endpoint | false
    readonly proxied: ProxiedEndpoint | false
    readonly operations: Endpoint | false
  }
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
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
  readonly audit: string
  /** Modules that export `tools`, `prompts` or `resources`. */
  readonly tools: readonly string[]
  readonly store: string
  readonly redis: RedisSettings
  readonly sessions: {
    readonly secretFile: string
    readonly factorKeyFile: string
    readonly idleTimeout: number
    readonly absoluteTimeout: number
    /** At most so many at once, per user: the oldest ends. */
    readonly most: number
    readonly binding: SessionBinding
    /** Whether a terminal may ask a browser for a session. */
    readonly deviceLogin: boolean
  }
  /** What one hash of a password costs (argon2id); what is stored is hashed anew at the next login. */
  readonly passwords: {
    /** KiB. */
    readonly memory: number
    readonly passes: number
    readonly parallelism: number
  }
  readonly throttle: {
    /** Failed logins from one address in a quarter of an hour. */
    readonly perAddress: number
    /** Failed logins in all in a minute, other than from browsers in which the user logged in before. */
    readonly perMinute: number
  }
  readonly limits: {
    readonly bodyBytes: number
    readonly requestsInFlight: number
    readonly legacySessions: number
    readonly requestsPerMinute: number
  }
}

/** What a session is bound to beyond its token: see `auth/session-binding.ts`. */
export type SessionBinding = 'none' | 'address' | 'certificate'

const LONGEST_TIMEOUT = 90 * 86_400_000

const path = (fallback: string): z.ZodDefault<z.ZodString> => text('a path').default(fallback)

const whole = (least: number, most: number): z.ZodNumber => {
  const help = `must be a whole number from ${least} to ${most}`
  return z.int(help).min(least, help).max(most, help)
}

const host = text('a host name or IP address')
  .regex(
    /^(?:[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$/,
    'must be a host name or IP address without brackets and port',
  )
  .describe('Address to listen on; 0.0.0.0 or :: for all.')

const port = whole(0, 65_535).describe('TCP port; 0 takes any free one.')

const endpoint = (fallback: number, what: string) =>
  z
    .union([z.literal(false), strict({ host: host.default('127.0.0.1'), port: port.default(fallback) })], {
      error: 'must be a map of host and port, or false',
    })
    .default({ host: '127.0.0.1', port: fallback })
    .describe(what)

const proxy = text('a principal').regex(
  /^(?:service|agent|user):[a-z0-9][A-Za-z0-9._~+=@/-]*$/,
  'must be a principal such as "service:edge"',
)

const proxied = z
  .union(
    [
      z.literal(false),
      strict({
        host: host.default('127.0.0.1'),
        port: port.default(8445),
        header: z
          .enum(['client-cert', 'x-forwarded-client-cert'], 'must be client-cert or x-forwarded-client-cert')
          .describe(
            'Where the proxy puts the certificate: Client-Cert (RFC 9440) or X-Forwarded-Client-Cert (Envoy).',
          ),
        proxies: z
          .array(proxy, 'must be a list of principals')
          .min(1, 'must name at least one principal')
          .max(100, 'must be at most 100 principals')
          .describe('Who may speak for others here, by certificates of their own: [ "service:edge" ].'),
      }),
    ],
    { error: 'must be a map of host, port, header and proxies, or false' },
  )
  .default(false)
  .describe(
    'A door for named proxies that end TLS and forward the certificate of the client; off by default.',
  )

const duration = (fallback: string, what: string) =>
  z
    .string('must be a duration such as 90s, 30m, 12h or 7d')
    .regex(DURATION, 'must be a duration such as 90s, 30m, 12h or 7d')
    .transform((value) => parseDuration(value) ?? Number.NaN)
    .pipe(z.number().max(LONGEST_TIMEOUT, 'must be at most 90d'))
    .prefault(fallback)
    .describe(what)

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

const PUBLISHING_URL = 'must be an http or https URL without a query, as in "http://pki.example/lists"'

function isPublishingUrl(value: string): boolean {
  const url = URL.parse(value)
  const plain =
    url !== null && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  // As it will stand in certificates: an IA5String (RFC 5280, 4.2.1.6).
  return plain && ['https:', 'http:'].includes(url.protocol) && /^[!-~]+$/.test(value)
}

/** Validates `sallyport.yaml`, fills in defaults, and makes its published JSON Schema. Unknown keys are refused. */
export const settingsSchema: z.ZodType<Settings> = strict({
  trustDomain: text('a trust domain')
    .max(255, 'must be at most 255 characters')
    .regex(/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/, 'must be lower-case letters, digits, ".", "_" and "-"')
    .default('sallyport.internal')
    .describe('Names of principals live in it: spiffe://<trustDomain>/<kind>/<name>.'),
  listeners: strict({
    certificates: strict({
      host: host.default('127.0.0.1'),
      port: port.default(8443),
      clientCertificate: z
        .enum(['required', 'optional'], 'must be required or optional')
        .default('required')
        .describe('"optional" also lets in callers without a certificate, who then need a session.'),
    })
      .prefault({})
      .describe('The door for services, agents and people with a client certificate.'),
    people: endpoint(
      8444,
      'The door for people with a login session; false for one port, with "optional" above.',
    ),
    proxied,
    operations: endpoint(9464, 'Plain HTTP for probes and metrics; false for none.'),
  }).prefault({}),
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
  audit: path('data/audit').describe('Folder of the audit trail.'),
  tools: z
    .array(text('a path'), 'must be a list of paths')
    .max(100, 'must be at most 100 modules')
    .default([])
    .describe('Modules whose tools, prompts and resources are served beside the built-in ones.'),
  store: text('a store')
    .default('sqlite:data/sallyport.db')
    .describe(
      'sqlite:PATH for one machine; redis://…, redis+sentinel://… or redis+cluster://… (rediss for TLS) for several.',
    ),
  redis: redisSchema,
  sessions: strict({
    secretFile: path('data/session-secret').describe('Made by "init"; used with sqlite only.'),
    idleTimeout: duration('30m', 'A session ends after so long without use.'),
    factorKeyFile: path('data/factor-key').describe(
      'Made by "init"; seals what users log in by. Several nodes must share it.',
    ),
    absoluteTimeout: duration('12h', 'A session ends after so long in any case.'),
    most: whole(1, 1000).default(20).describe('Sessions at once, per user; the oldest ends.'),
    binding: z
      .enum(['none', 'address', 'certificate'], 'must be none, address or certificate')
      .default('none')
      .describe(
        'What a session is good for beside its token: the address prefix or the client certificate of its login.',
      ),
    deviceLogin: z
      .boolean('must be true or false')
      .default(true)
      .describe('Whether "sallyport login --device" may ask a browser for a session.'),
  }).prefault({}),
  passwords: strict({
    memory: whole(19_456, 262_144)
      .default(19_456)
      .describe('KiB that one hash of a password takes (argon2id); never less than the default.'),
    passes: whole(2, 4).default(2).describe('How often it goes over them.'),
    parallelism: whole(1, 8).default(1).describe('Lanes at once.'),
  })
    .prefault({})
    .describe('What a password hash costs; hashes of another cost are made anew at the next login.'),
  throttle: strict({
    perAddress: whole(10, 3000)
      .default(100)
      .describe('Failed logins in 15 minutes from one IPv4 address or IPv6 /64 network.'),
    perMinute: whole(10, 3000)
      .default(300)
      .describe(
        'Failed logins in a minute in all, other than from browsers in which the user logged in before.',
      ),
  })
    .prefault({})
    .describe(
      'Raise perAddress where many people share one address; guesses at one account are slowed in any case.',
    ),
  limits: strict({
    bodyBytes: whole(1024, 67_108_864).default(4_194_304).describe('Largest request body.'),
    requestsInFlight: whole(1, 10_000).default(64).describe('Requests at once, per principal.'),
    legacySessions: whole(1, 10_000).default(32).describe('Sessions of older MCP clients, per principal.'),
    requestsPerMinute: whole(1, 1_000_000).default(6000).describe('Requests per minute, per principal.'),
  }).prefault({}),
}).meta({
  title: 'Sallyport configuration',
  description: 'How the server listens and where its files are (sallyport.yaml).',
})
