import * as z from 'zod'
import { duration, size, strict, strictKnowing, text, whole } from './shapes.ts'

/** What a process may see of this machine; paths as written. */
export interface SandboxSettings {
  readonly read: readonly string[]
  readonly write: readonly string[]
  readonly network: boolean
}

/** One MCP server behind this one, as `mcpServers` of other clients have them, and what we add; paths as written, times in ms. */
export interface UpstreamSettings {
  readonly type?: 'stdio' | 'http' | 'streamable-http' | undefined
  readonly command?: string | undefined
  readonly args?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly cwd?: string | undefined
  readonly url?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly unsafePlainHttp: boolean
  readonly tls?:
    | {
        readonly ca?: string | undefined
        readonly cert?: string | undefined
        readonly key?: string | undefined
        readonly pins: readonly string[]
      }
    | undefined
  readonly prefix: boolean
  readonly permission?: string | undefined
  readonly permissions: readonly { readonly tools: string; readonly permission: string }[]
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly overrides: Readonly<
    Record<string, { readonly title?: string | undefined; readonly description?: string | undefined }>
  >
  readonly era: 'auto' | '2025-11-25' | '2026-07-28'
  readonly connection: 'auto' | 'shared' | 'per-principal'
  readonly asks: readonly ('elicitation' | 'sampling' | 'roots')[]
  readonly identity: 'none' | 'plain' | 'token'
  readonly trusted?: true | undefined
  readonly user?: string | undefined
  readonly sandbox?: SandboxSettings | undefined
  readonly container?:
    | (SandboxSettings & { readonly engine: 'docker' | 'podman'; readonly image: string })
    | undefined
  /** Bytes. */
  readonly memory: number
  readonly timeout: number
  readonly connectTimeout: number
  readonly idle: number
  readonly connections: number
  readonly inFlight: number
  readonly definitions: number
  readonly notificationsPerSecond: number
  readonly results: {
    /** Bytes. */
    readonly bytes: number
    readonly secrets: 'pass' | 'redact' | 'refuse'
    readonly hiddenText: 'pass' | 'strip' | 'refuse'
  }
  readonly disabled: boolean
}

/** Where the definitions of upstreams are pinned, and what becomes of an upstream that never was; path as written. */
export interface PinSettings {
  readonly file: string
  readonly firstUse: 'refuse' | 'trust'
}

/** No underscore: it ends the prefix of names. No plus: it ends that of URIs. */
const NAME = /^[a-z][a-z0-9-]{0,31}$/

const name = z
  .string()
  .regex(NAME, 'the name of an upstream is a lower-case letter, then at most 31 letters, digits and "-"')

const longText = z.string('must be text').max(8192, 'is too long')

const flag = (what: string) => z.boolean('must be true or false').default(false).describe(what)

/** Keys of a map from outside; a bound, so that a file by mistake is not a process environment. */
const MOST = 256

const variables = z
  .record(
    z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
        'a variable is letters, digits and "_", and does not begin with a digit',
      ),
    longText,
    'must be a map of texts',
  )
  .refine((map) => Object.keys(map).length <= MOST, `must be at most ${MOST} variables`)

const headers = z
  .record(
    z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'a header has a name of letters, digits and "-"'),
    longText,
    'must be a map of texts',
  )
  .refine((map) => Object.keys(map).length <= MOST, `must be at most ${MOST} headers`)

const globs = z
  .array(
    text('a pattern')
      .max(256, 'must be at most 256 characters')
      .refine((value) => !value.includes('***'), 'must not have three stars in a row'),
    'must be a list of patterns',
  )
  .max(1000, 'must be at most 1000 patterns')

const PERMISSION =
  'must be a permission such as "wiki:read"; "{tool}" stands for the name of the tool, as in "wiki:{tool}"'

const permission = text('a permission').regex(
  /^[a-z0-9][a-z0-9_-]{0,63}:(?:[a-z0-9_-]|\{tool\}){1,64}$/,
  PERMISSION,
)

const paths = z
  .array(text('a path'), 'must be a list of paths')
  .max(64, 'must be at most 64 paths')
  .default([])

const sandboxShape = {
  read: paths.describe('What it may read, beside the programs of the system.'),
  write: paths.describe('What it may read and write, beside its own home.'),
  network: flag('true: it may use the network, which on this machine is the store and the probes, too.'),
}

const tls = strict({
  ca: text('a path').optional().describe('Whose certificate it has (PEM); the CAs that Node knows, without.'),
  cert: text('a path').optional().describe('Client certificate (PEM).'),
  key: text('a path').optional().describe('Its private key (PEM, mode 0600).'),
  pins: z
    .array(
      text('a pin').regex(
        /^sha256\/[A-Za-z0-9+/]{43}=$/,
        'must be "sha256/" and the base64 of a SHA-256 digest',
      ),
      'must be a list of pins',
    )
    .max(16, 'must be at most 16 pins')
    .default([])
    .describe('SHA-256 of public keys (SubjectPublicKeyInfo); its certificate must have one of them.'),
})

const BY_POLICY = 'nothing is approved here: access.yaml says who may call what without being asked'
const BY_DENY = 'write "deny", with the names of the tools'
const BY_ALLOW = 'write "allow", with the names of the tools'
const BY_URL = 'write "url", of a server of Streamable HTTP'

/** Keys that entries of `mcpServers` have for other clients, and what stands for them here. */
const OF_OTHER_CLIENTS = {
  autoApprove: BY_POLICY,
  alwaysAllow: BY_POLICY,
  trust: BY_POLICY,
  disabledTools: BY_DENY,
  excludeTools: BY_DENY,
  enabledTools: BY_ALLOW,
  includeTools: BY_ALLOW,
  serverUrl: BY_URL,
  httpUrl: BY_URL,
  enabled: 'write "disabled: true" for one that is not to be used',
  envFile: 'write each variable into "env", as in TOKEN: "${file:PATH}"',
  transport: 'leave it out: "command" and "url" say it',
}

const upstream = strictKnowing(OF_OTHER_CLIENTS)({
  type: z
    .enum(['stdio', 'http', 'streamable-http'], {
      error: ({ input }) =>
        input === 'sse'
          ? 'sse is not supported: give the URL that the server has for Streamable HTTP, often ".../mcp"'
          : 'must be stdio, http or streamable-http',
    })
    .optional()
    .describe('Said by command or url already; taken so that entries of mcpServers can be copied.'),
  command: text('a command')
    .optional()
    .describe('Starts the server, which speaks on its standard input and output.'),
  args: z.array(longText, 'must be a list of texts').max(MOST, `must be at most ${MOST} texts`).optional(),
  env: variables
    .optional()
    .describe(
      'All variables that it gets, beside PATH, HOME, LANG and TMPDIR: ${NAME}, ${file:PATH}, ${user:name}.',
    ),
  cwd: text('a path').optional().describe('Its working folder; its own home without.'),
  url: text('a URL').optional().describe('Where a server of Streamable HTTP is.'),
  headers: headers.optional().describe('Of every request: ${NAME}, ${file:PATH}, ${user:name}.'),
  unsafePlainHttp: flag('true: take http:// to another machine, where everybody in between reads along.'),
  tls: tls.optional(),
  prefix: z
    .boolean('must be true or false')
    .default(true)
    .describe('false: names stay as the server has them. At most one upstream.'),
  permission: permission.optional().describe('What its tools need; NAME:{tool} without.'),
  permissions: z
    .array(strict({ tools: globs.element, permission }), 'must be a list of maps of tools and permission')
    .max(1000, 'must be at most 1000 entries')
    .default([])
    .describe('What some of its tools need; the first that fits holds, then permission.'),
  allow: globs.default([]).describe('Only these, by its own names.'),
  deny: globs.default([]).describe('Not these, by its own names.'),
  overrides: z
    .record(
      text('a name').max(256, 'must be at most 256 characters'),
      strict({ title: longText.optional(), description: longText.optional() }),
      'must be a map from names to title and description',
    )
    .default({})
    .describe('Titles and descriptions in place of its own.'),
  era: z
    .enum(['auto', '2025-11-25', '2026-07-28'], 'must be auto, "2025-11-25" or "2026-07-28"')
    .default('auto')
    .describe('The protocol that it speaks.'),
  connection: z
    .enum(['auto', 'shared', 'per-principal'], 'must be auto, shared or per-principal')
    .default('auto')
    .describe('auto: shared with a server of 2026-07-28, which keeps no state; else one for each principal.'),
  asks: z
    .array(
      z.enum(['elicitation', 'sampling', 'roots'], 'must be elicitation, sampling or roots'),
      'must be a list of elicitation, sampling, roots',
    )
    .max(3, 'must be at most three')
    .default([])
    .describe('What it may ask the clients of calls.'),
  identity: z
    .enum(['none', 'plain', 'token'], 'must be none, plain or token')
    .default('none')
    .describe('What it is told of who calls.'),
  trusted: z
    .literal(true, 'must be true, or left out')
    .optional()
    .describe('It runs as we do and can read everything that is ours.'),
  user: text('a user')
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be the name of a user of this machine')
    .optional()
    .describe('It runs as this user of the machine.'),
  sandbox: strict(sandboxShape).optional().describe('What bubblewrap lets it see.'),
  container: strict({
    engine: z.enum(['docker', 'podman'], 'must be docker or podman').default('docker'),
    image: text('an image').regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be the name of an image'),
    ...sandboxShape,
  })
    .optional()
    .describe('It runs in a container.'),
  memory: size('512MB', 'Of all its processes together; beyond it they are killed.'),
  timeout: duration('60s', 'Of one call, to its end.'),
  connectTimeout: duration('10s', 'Of connecting.'),
  idle: duration('5m', 'A connection of a principal that was not used for so long is closed.'),
  connections: whole(1, 10_000).default(32).describe('Connections of principals at once.'),
  inFlight: whole(1, 100_000).default(256).describe('Calls at once.'),
  definitions: whole(1, 10_000)
    .default(1000)
    .describe('Tools, prompts and templates; one with more is not served.'),
  notificationsPerSecond: whole(1, 10_000)
    .default(50)
    .describe('Of one call; the rest is dropped, the last one never.'),
  results: strict({
    bytes: size('16MB', 'Of one answer.'),
    secrets: z
      .enum(['pass', 'redact', 'refuse'], 'must be pass, redact or refuse')
      .default('pass')
      .describe('What becomes of what looks like a secret in results.'),
    hiddenText: z
      .enum(['pass', 'strip', 'refuse'], 'must be pass, strip or refuse')
      .default('pass')
      .describe('What becomes of invisible characters in results.'),
  }).prefault({}),
  disabled: flag('true: it is as if it were not here.'),
})

/** Validates the section `upstreams`. */
export const upstreamsSchema: z.ZodType<Readonly<Record<string, UpstreamSettings>>> = z
  .record(name, upstream, 'must be a map from names to upstreams')
  .refine((map) => Object.keys(map).length <= MOST, `must be at most ${MOST} upstreams`)
  .default({})
  .describe('MCP servers behind this one, as in mcpServers of other clients.')

/** Validates the section `pins`. */
export const pinsSchema: z.ZodType<PinSettings> = strict({
  file: text('a path')
    .default('sallyport.lock.yaml')
    .describe('The definitions of upstreams that were approved; to be kept under version control.'),
  firstUse: z
    .enum(['refuse', 'trust'], 'must be refuse or trust')
    .default('refuse')
    .describe(
      'trust: what an upstream lists for the first time is approved. refuse: "sallyport lock approve" does.',
    ),
}).prefault({})
