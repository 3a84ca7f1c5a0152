import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import { pino } from 'pino'
import type { Policy } from '../access/decision.ts'
import type { FileAuditSink } from '../audit/sink.ts'
import { installationFaults } from '../config/check-installation.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { createServer, type ListeningPorts, type Log, type Sallyport } from '../server.ts'
import type { Store } from '../store/store.ts'
import { readTrust } from '../trust.ts'
import { configuration } from './configuration.ts'
import { issuerAt } from './issuer-client.ts'
import { listenFaults } from './listen-faults.ts'
import { loadCatalog } from './load-catalog.ts'
import { openAudit } from './open-audit.ts'
import type { FollowedFiles } from './followed-files.ts'
import { policyFile } from './policy-file.ts'
import { print } from './print.ts'
import { storeOf } from './store-of.ts'
import { tlsAuthorities, trustMaterial } from './trust-material.ts'

const EXAMPLES = `
Examples:
  npx sallyport serve
  SALLYPORT_PORT=9443 SALLYPORT_LOGIN_PORT=9444 SALLYPORT_OPERATIONS_PORT=9465 npx sallyport serve`

/** `sallyport serve`: serves, refusing to if anything is missing. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Serve both doors. Refuses to start if anything is missing or unfit.')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const config = configuration()
      await serve(config, (ports) => {
        for (const line of listeningLines(config, ports)) print(line)
      })
    })
}

/**
 * Serves until the process is told to stop (SIGINT, SIGTERM).
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with one sentence per fault; nothing is listening then
 */
export async function serve(config: Config, onListening: (ports: ListeningPorts) => void): Promise<void> {
  const faults = installationFaults(config, process.versions.node, Date.now())
  if (faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  const log = pino({ name: 'sallyport' }, pino.destination({ dest: 2, sync: true }))
  const parts = await openParts(config, log)
  try {
    // Before anybody can know that we listen: a signal that comes at once is to find us ready for it.
    const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    const server = await composed(config, parts, log)
    onListening(await listening(server, config))
    await stopped
    await server.close()
  } finally {
    await closeParts(parts)
  }
}

interface Parts {
  readonly audit: FileAuditSink
  readonly policy: FollowedFiles<Policy>
  readonly store: Store
}

async function openParts(config: Config, log: Log & { warn: Log['error'] }): Promise<Parts> {
  const audit = await openAudit(config.audit)
  const record = (
    event: 'policy.loaded' | 'policy.rejected',
    policy: string,
    problem: string | null,
  ): void => {
    audit.record({ event, policy, problem }).catch((err: unknown) => log.error({ err }, 'not on record'))
  }
  const policy = await policyFile(config.access)
  policy.follow({
    onLoaded: ({ digest }) => record('policy.loaded', digest, null),
    onRejected(problem) {
      log.warn({ problem }, 'the access policy was refused; the old one stays in force')
      record('policy.rejected', policy.current().digest, problem)
    },
  })
  return { audit, policy, store: await storeOf(config) }
}

async function composed(config: Config, { audit, policy, store }: Parts, log: Log): Promise<Sallyport> {
  const { listeners, tls, limits, hosts, origins, sessions } = config
  const read = (path: string): string => readFileSync(path, 'utf8')
  const material = trustMaterial(config, read)
  const trust = await readTrust(material)
  return createServer({
    listeners: {
      certificates: listeners.certificates,
      ...(listeners.people === false ? {} : { people: listeners.people }),
      ...(listeners.proxied === false ? {} : { proxied: listeners.proxied }),
      ...(listeners.operations === false ? {} : { operations: listeners.operations }),
    },
    tls: {
      certificate: read(tls.certificate),
      key: read(tls.key),
      authorities: tlsAuthorities(material),
      minVersion: tls.minVersion,
      unsafeSessionTickets: tls.unsafeSessionTickets,
    },
    trust: () => trust,
    policy: () => policy.current(),
    store,
    audit,
    sessionSecrets: config.sessionSecrets(),
    sessions,
    limits,
    hosts,
    origins,
    catalog: await loadCatalog(config.tools),
    issuer: issuerAt(config.issuer.socket),
    ...ownRoot(config),
    log,
  })
}

/** The root of our own CA, for those who enrol; where the configuration trusts others only, there is none. */
function ownRoot({ certificates }: Config): { readonly root?: string } {
  const { root } = authorityFiles(certificates)
  return existsSync(root) ? { root: readFileSync(root, 'utf8') } : {}
}

async function listening(server: Sallyport, { listeners }: Config): Promise<ListeningPorts> {
  return server.listen().catch((cause: unknown) => {
    throw new SallyportError('CONFIGURATION_INVALID', listenFaults(cause, listeners).join('\n'), { cause })
  })
}

async function closeParts({ audit, policy, store }: Parts): Promise<void> {
  policy.close()
  try {
    await store.close()
  } finally {
    // What waits for the disk is written, whatever became of the store.
    await audit.close()
  }
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
