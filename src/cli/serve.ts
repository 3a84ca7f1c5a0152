import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import { pino } from 'pino'
import { installationFaults } from '../config/check-installation.ts'
import type { Config } from '../config/config.ts'
import { isSallyportError, SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { Log } from '../server-options.ts'
import { upstreamInstructions } from '../upstream-instructions.ts'
import { createServer, type ListeningPorts, type Sallyport } from '../server.ts'
import type { Telemetry } from '../telemetry.ts'
import { configuration } from './configuration.ts'
import { assertFactorKey, usersOfBefore } from './factor-key-fault.ts'
import { endings, hotReload, lookAtAll, reloadProblems, type ReloadLog } from './hot-reload.ts'
import { issuerAt } from './issuer-client.ts'
import { listenFaults } from './listen-faults.ts'
import { onHangUp } from './on-hang-up.ts'
import { print } from './print.ts'
import { closeServeParts, openServeParts, type ServeParts } from './serve-parts.ts'
import { telemetryOf } from './telemetry-of.ts'
import { accessTo } from './user-access.ts'
import { warnDaily } from './warn-daily.ts'
import { upstreamProblems, wantedByUpstreams } from './upstreams-at-work.ts'
import { every } from './watch-files.ts'

const EXAMPLES = `
Examples:
  npx sallyport serve
  SALLYPORT_PORT=9443 SALLYPORT_LOGIN_PORT=9444 SALLYPORT_OPERATIONS_PORT=9465 npx sallyport serve`

/** `sallyport serve`: serves, refusing to if anything is missing. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Serve both doors. Refuses to start if anything is missing or unfit.')
    .option('--trust-on-first-use', 'approve what an upstream lists for the first time, unseen')
    .addHelpText('after', EXAMPLES)
    .action(async ({ trustOnFirstUse }: { readonly trustOnFirstUse?: true }) => {
      const config = configuration()
      const tell = (ports: ListeningPorts): void => {
        for (const line of listeningLines(config, ports)) print(line)
      }
      await serve(config, tell, { pinOnFirstUse: trustOnFirstUse })
    })
}

/** What is served beside what the configuration names, and when to stop. */
export interface ServeOptions {
  /** Servers of this process. */
  readonly servers?: readonly UpstreamOptions[]
  /** Ends it as a signal would. */
  readonly stop?: AbortSignal
  /** Whatever the configuration says of the first use of upstreams. */
  readonly pinOnFirstUse?: boolean | undefined
}

/**
 * Serves until the process is told to stop (SIGINT, SIGTERM).
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with one sentence per fault; nothing is listening then
 */
export async function serve(
  config: Config,
  onListening: (ports: ListeningPorts) => void,
  options: ServeOptions = {},
): Promise<void> {
  const faults = installationFaults(config, process.versions.node, Date.now())
  if (faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  const log = pino({ name: 'sallyport' }, pino.destination({ dest: 2, sync: true }))
  const telemetry = await telemetryOf(config, log)
  const { servers, pinOnFirstUse } = options
  const read = (): Config => withFirstUse(configuration(), pinOnFirstUse)
  const parts = await openServeParts(withFirstUse(config, pinOnFirstUse), {
    now: Date.now,
    log,
    servers,
    read,
  })
  const stop = new AbortController()
  try {
    await assertOurUsers(parts, config, log)
    // Before anybody can know that we listen: a signal that comes at once is to find us ready for it.
    const look = (): void => {
      log.info({}, 'SIGHUP: all files are looked at')
      lookAtAll(parts.followed)
    }
    const stopped = stopping(look, options.stop, stop.signal)
    const server = composed(config, parts, log, telemetry)
    const ports = await listening(server, config)
    keepUp(parts, server, log, stop.signal)
    onListening(ports)
    await stopped
    await server.close()
  } finally {
    stop.abort()
    await telemetry?.close()
    await closeServeParts(parts)
  }
}

function withFirstUse(config: Config, isTrusted = false): Config {
  return isTrusted ? { ...config, pins: { ...config.pins, firstUse: 'trust' } } : config
}

/** A store that does not answer is no reason not to start: whoever logs in meanwhile is told to come back. */
async function assertOurUsers({ store }: ServeParts, config: Config, log: Log): Promise<void> {
  try {
    const access = accessTo(store, config)
    await assertFactorKey(access, config.store)
    const before = await usersOfBefore(access)
    if (before !== undefined) log.error({}, before)
  } catch (err) {
    if (!isSallyportError(err, 'STORE_UNAVAILABLE')) throw err
    log.error({ err }, 'the store does not say whether its users can log in here')
  }
}

/** Ends with the signal to stop; SIGHUP, to look at all files, is none. */
async function stopping(look: () => void, stop: AbortSignal | undefined, over: AbortSignal): Promise<void> {
  const told = Promise.withResolvers<void>()
  onHangUp(look, told.resolve, over)
  stop?.addEventListener('abort', () => told.resolve(), { signal: over })
  if (stop?.aborted === true) told.resolve()
  const signal = { signal: over }
  const ends = [once(process, 'SIGINT', signal), once(process, 'SIGTERM', signal), told.promise]
  // What is over is waited for by nobody.
  await Promise.race(ends).catch(() => undefined)
}

/** How often it is looked whether something ends soon, in ms. */
const HOUR = 3_600_000

/** Follows what can change while the server runs, and says what ends soon. */
function keepUp(
  { audit, followed, upstreams }: ServeParts,
  server: Sallyport,
  log: ReloadLog,
  stop: AbortSignal,
): void {
  hotReload(followed, { server, upstreams, audit, log })
  const warn = warnDaily((message) => log.warn({}, message))
  const look = (): void => {
    const now = Date.now()
    warn(
      endings(followed, now).map(({ message }) => message),
      now,
    )
  }
  look()
  every(HOUR, look, stop)
}

function composed(config: Config, parts: ServeParts, log: Log, telemetry: Telemetry | undefined): Sallyport {
  const { listeners, tls, limits, hosts, origins, publicUrl, sessions, passwords, throttle } = config
  const { audit, catalog, followed, identity, recordArguments, store, vault, upstreams } = parts
  return createServer({
    listeners: {
      certificates: listeners.certificates,
      ...(listeners.people === false ? {} : { people: listeners.people }),
      ...(listeners.proxied === false ? {} : { proxied: listeners.proxied }),
      ...(listeners.operations === false ? {} : { operations: listeners.operations }),
    },
    tls: {
      ...followed.certificate.current(),
      authorities: followed.trust.current().authorities,
      minVersion: tls.minVersion,
      unsafeSessionTickets: tls.unsafeSessionTickets,
    },
    trust: () => followed.trust.current().trust,
    policy: () => followed.policy.current(),
    problems: () => [...new Set([...reloadProblems(followed, Date.now()), ...upstreamProblems(upstreams)])],
    store,
    audit,
    recordArguments,
    sessionSecrets: config.sessionSecrets(),
    factorKeys: config.factorKeys(),
    identityKeys: identity,
    sessions,
    passwordCost: passwords,
    throttle,
    limits,
    hosts,
    origins,
    ...(publicUrl === false ? {} : { publicUrl }),
    catalog,
    upstreams,
    instructions: upstreamInstructions(upstreams),
    secrets: {
      vault,
      wanted: () => wantedByUpstreams(followed.upstreams.current().wanted().options, upstreams),
    },
    issuer: issuerAt(config.issuer.socket),
    ...ownRoot(config),
    ...(telemetry === undefined ? {} : { tracing: telemetry.tracing }),
    log,
  })
}

/**
 * The root of our own CA, for those who enrol. Where the configuration trusts others only there is none, whatever is in
 * the folder: no token is to be spent on a certificate that is not believed here.
 */
function ownRoot({ certificates, trust }: Config): { readonly root?: string } {
  const { root } = authorityFiles(certificates)
  return trust.own && existsSync(root) ? { root: readFileSync(root, 'utf8') } : {}
}

async function listening(server: Sallyport, { listeners }: Config): Promise<ListeningPorts> {
  return server.listen().catch((cause: unknown) => {
    throw new SallyportError('CONFIGURATION_INVALID', listenFaults(cause, listeners).join('\n'), { cause })
  })
}

/** Where the server is to be found, a line each. */
export function listeningLines({ listeners }: Config, ports: ListeningPorts): readonly string[] {
  const certificates = `https://localhost:${ports.certificates}/mcp`
  const both = listeners.certificates.clientCertificate === 'optional'
  return [
    `Listening: ${certificates} (client certificate${both ? ' or session' : ''})`,
    ...(ports.people === undefined
      ? []
      : [
          `Listening: https://localhost:${ports.people}/mcp (session)`,
          `Log in at: https://localhost:${ports.people}/login`,
        ]),
    ...proxiedLines(listeners, ports),
    ...(ports.operations === undefined || listeners.operations === false
      ? []
      : [`Probes at: http://${listeners.operations.host}:${ports.operations}/healthz`]),
  ]
}

function proxiedLines({ proxied }: Config['listeners'], ports: ListeningPorts): readonly string[] {
  if (proxied === false || ports.proxied === undefined) return []
  const names = proxied.proxies.join(', ')
  return [`Listening: https://localhost:${ports.proxied}/mcp (for ${names}, forwarding ${proxied.header})`]
}
