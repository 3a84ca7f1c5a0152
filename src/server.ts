import { randomUUID } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Implementation } from '@modelcontextprotocol/server'
import type { Policy } from './access/decision.ts'
import { patternsOf } from './access/permission.ts'
import type { AuditSink } from './audit/event.ts'
import type { Trust } from './auth/certificate.ts'
import { certificateAuthenticator } from './auth/certificate-authenticator.ts'
import { monotonicClock, type Clock } from './auth/clock.ts'
import type { LiveRevocations } from './auth/revocation.ts'
import { sessionKeys, type SessionKeys } from './auth/session-keys.ts'
import { sessionAuthenticator } from './auth/session.ts'
import { admission, type Admit } from './http/admission.ts'
import { createDoor, type Door } from './http/door.ts'
import type { EdgeOptions } from './http/edge-request.ts'
import { createEdge } from './http/edge.ts'
import { originIsAllowed, type AllowedNames } from './http/host.ts'
import { directIdentification } from './http/identification.ts'
import type { Issuer } from './http/issuer.ts'
import { openAll, type Listener, type ListenerAddress } from './http/listen.ts'
import { openAnswers } from './http/open-answers.ts'
import { createMetrics, type Metrics } from './http/metrics.ts'
import { createOperations } from './http/operations.ts'
import type { Pki } from './http/pki.ts'
import { rateLimit } from './http/rate-limit.ts'
import { proxiedIdentification, type ProxiedOptions } from './http/proxied-identification.ts'
import { readinessOf, type Readiness } from './http/readiness.ts'
import type { TlsMaterial, TlsSettings } from './http/tls.ts'
import { workQueue } from './login/work-queue.ts'
import type { LoginOptions } from './login/options.ts'
import { passwords } from './login/password.ts'
import { loginApp } from './login/routes.ts'
import { createCatalog, type Catalog, type CatalogParts } from './mcp/catalog.ts'
import { createEndpoint, type McpEndpoint } from './mcp/endpoint.ts'
import { createGuard } from './mcp/guard.ts'
import type { PrincipalLimits } from './mcp/limits.ts'
import { followRevocations, type RevocationFollower } from './revocations.ts'
import type { Store } from './store/store.ts'
import { notePrompt, noteResource, noteTools } from './tools/notes.ts'
import { timeNow } from './tools/time.ts'
import { whoami } from './tools/whoami.ts'
import { VERSION } from './version.ts'

/** Where operators read what went wrong. Any pino logger is one. */
export interface Log {
  error(fields: Readonly<Record<string, unknown>>, message: string): void
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** The finished parts that a server is composed of. Nothing is read from files or the environment here. */
export interface SallyportOptions {
  readonly listeners: {
    /** The door for certificates; `optional` makes it the one door for both kinds of callers. */
    readonly certificates: ListenerAddress & { readonly clientCertificate: 'required' | 'optional' }
    /** The door for people. */
    readonly people?: ListenerAddress
    /** The door for proxies that end TLS: which header is believed, and of whom (`service:edge`). */
    readonly proxied?: ListenerAddress & Pick<ProxiedOptions, 'header' | 'proxies'>
    /** Plain HTTP for probes. */
    readonly operations?: ListenerAddress
  }
  readonly tls: TlsMaterial & Pick<TlsSettings, 'minVersion' | 'unsafeSessionTickets'>
  /** What is trusted now; another object means that the trust epoch has moved. */
  readonly trust: () => Trust
  /** The access policy in force now. */
  readonly policy: () => Policy
  readonly store: Store
  readonly audit: AuditSink
  /** Newest first; each of at least 32 characters. */
  readonly sessionSecrets: readonly string[]
  /** In ms. */
  readonly sessions: { readonly idleTimeout: number; readonly absoluteTimeout: number }
  readonly limits: PrincipalLimits & { readonly bodyBytes: number }
  /** Names in `Host` beyond localhost and this machine's name. */
  readonly hosts: readonly string[]
  /** Web origins beyond our own pages. */
  readonly origins: readonly string[]
  /** Added to the built-in tools, prompts and resources. */
  readonly catalog?: CatalogParts
  /** The way to the process that holds the issuing key; without it nobody renews or enrols here. */
  readonly issuer?: Issuer
  /** The certificate of the root of our own CA, PEM: for those who enrol. */
  readonly root?: string
  /** Kinds of problems beside which callers are judged as before: files that were refused, or end soon. */
  readonly problems?: () => readonly string[]
  /** How long the live revocation list is believed after it was read, in ms; 29 s, and never longer. */
  readonly revocationsFreshFor?: number
  readonly log: Log
  /** Ms since the epoch; the system's clock unless given. */
  readonly clock?: Clock
}

/** The ports that the listeners really have. */
export interface ListeningPorts {
  readonly certificates: number
  readonly people: number | undefined
  readonly proxied: number | undefined
  readonly operations: number | undefined
}

/** A composed server. */
export interface Sallyport {
  /** Opens all listeners or none; rejects with an `AggregateError` of Node's errors (`EADDRINUSE`, ...). */
  listen(): Promise<ListeningPorts>
  /** Admits every open connection anew and destroys those that are not; call it after trust has changed. */
  readmit(): void
  /**
   * Takes another certificate, key and authorities for connections to come; open ones stay. After a change of trust,
   * `readmit` is for the open ones.
   *
   * @throws what OpenSSL says of material that it does not take; then everything stays
   */
  reload(material: TlsMaterial): void
  readonly metrics: Metrics
  /** Stops listening, lets requests finish for a moment, and lets go of everything but the store and the audit. */
  close(): Promise<void>
}

/** What each principal may keep in notes. */
const NOTE_QUOTA = { notes: 100, bytes: 1024 * 1024 }
const CLOSE_GRACE = 2_000
/** A second less than is promised, for a machine that is slow to notice. */
const REVOCATIONS_FRESH_FOR = 29_000
/** Nobody needs more, and each costs the issuer a signature and the disk a line. */
const RENEWALS = { perKey: 60, overall: 600, window: 60_000 }
/** Strangers: at this rate a token of 256 bits is not found. */
const ENROLMENTS = { perKey: 20, overall: 300, window: 60_000 }
/** Password hashes take a core each for some 25 ms; MCP calls need one, too. */
const HASHES_AT_ONCE = 2
const MOST_HASHES_WAITING = 64
const SERVER_INFO: Implementation = { name: 'sallyport', version: VERSION }

/** Composes a server. Throws on options it cannot serve with; a server that starts is a server that is configured. */
export function createServer(options: SallyportOptions): Sallyport {
  const now = monotonicClock(options.clock ?? Date.now)
  const keys = sessionKeys(options.sessionSecrets)
  const endpoint = endpointOf(options, builtInCatalog(options, now), now)
  const metrics = createMetrics()
  const revocations = followerOf(options, metrics, now, () => readmit())
  const shared = edgeOptions(options, { keys, endpoint, revocations, metrics, now })
  const doors = doorsOf(options, shared, keys, revocations)
  const { operations } = options.listeners
  const { ready, onException } = shared
  const probes = operations && createOperations({ ...operations, ready, metrics, onException })
  const all: readonly (Listener | undefined)[] = [doors.certificates, doors.people, doors.proxied, probes]
  const closeAll = async (): Promise<void> => {
    await Promise.all(all.map(async (listener) => listener?.close(CLOSE_GRACE)))
  }
  function readmit(): void {
    const time = now()
    for (const door of [doors.certificates, doors.people, doors.proxied])
      door?.readmit((socket) => door.admit(socket, time).kind !== 'refused')
    shared.open.judgeAll()
  }
  return {
    async listen() {
      await revocations.start()
      const ports = await openAll(all).catch((error: unknown) => {
        revocations.close()
        throw error
      })
      const [certificates = 0, people, proxied, probing] = ports
      return { certificates, people, proxied, operations: probing }
    },
    readmit,
    reload(material) {
      for (const door of [doors.certificates, doors.people, doors.proxied]) door?.setMaterial(material)
    },
    metrics,
    async close() {
      await closeAll()
      revocations.close()
      await endpoint.close()
    },
  }
}

function endpointOf(options: SallyportOptions, catalog: Catalog, now: Clock): McpEndpoint {
  const onException = exceptionLog(options.log)
  const guard = createGuard({ policy: options.policy, audit: options.audit, now, onException })
  return createEndpoint({
    catalog,
    guard,
    serverInfo: SERVER_INFO,
    limits: options.limits,
    now,
    onException,
    onRejected: (err) => options.log.debug({ err }, 'the protocol layer refused a message'),
  })
}

function builtInCatalog({ store, catalog }: SallyportOptions, now: Clock): Catalog {
  const notes = { store: store.notes, quota: NOTE_QUOTA, now }
  return createCatalog({
    tools: [
      whoami(({ permissions }) => patternsOf(permissions)),
      timeNow(now),
      ...noteTools(notes),
      ...(catalog?.tools ?? []),
    ],
    prompts: [notePrompt(notes), ...(catalog?.prompts ?? [])],
    resources: [noteResource(notes), ...(catalog?.resources ?? [])],
  })
}

function followerOf(
  { store, log, revocationsFreshFor = REVOCATIONS_FRESH_FOR }: SallyportOptions,
  metrics: Metrics,
  now: Clock,
  onChange: () => void,
): RevocationFollower {
  return followRevocations({
    store: store.revocations,
    now,
    elapsed: () => performance.now(),
    freshFor: Math.min(revocationsFreshFor, REVOCATIONS_FRESH_FOR),
    onChange,
    onRead: (epoch) => metrics.revocationEpoch(epoch),
    onProblem: (err) => log.error({ err }, 'the live revocation list cannot be read'),
  })
}

/** What all doors have in common. */
type SharedOptions = Omit<EdgeOptions, 'clientCertificate'>

interface SharedParts {
  readonly keys: SessionKeys
  readonly endpoint: McpEndpoint
  readonly revocations: LiveRevocations
  readonly metrics: Metrics
  readonly now: Clock
}

function edgeOptions(options: SallyportOptions, parts: SharedParts): SharedOptions {
  const { store, audit, policy } = options
  const { keys, endpoint, revocations, metrics, now } = parts
  return {
    identification: directIdentification(admission(options.trust, revocations)),
    onHeaderRemoved: (entry) => metrics.headerRemoved(entry),
    pki: pkiOf(options),
    authenticators: [certificateAuthenticator, sessionAuthenticator({ records: store.sessions, keys })],
    rightsOf: (...who) => policy().rightsOf(...who),
    endpoint,
    open: openAnswers(),
    allowed: allowedNames(options),
    audit,
    bodyLimit: options.limits.bodyBytes,
    ready: readiness(options, revocations, now),
    now,
    onException: exceptionLog(options.log),
  }
}

function pkiOf({ issuer, root, store }: SallyportOptions): Pki {
  return {
    issuer,
    root,
    isDisabled: async ({ kind, name }) =>
      kind === 'user' && (await store.users.find(name))?.disabled === true,
    renewals: rateLimit(RENEWALS),
    enrolments: rateLimit(ENROLMENTS),
  }
}

interface AdmittingDoor extends Door {
  readonly admit: Admit
}

interface Doors {
  readonly certificates: AdmittingDoor
  readonly people: AdmittingDoor | undefined
  readonly proxied: AdmittingDoor | undefined
}

function doorsOf(
  options: SallyportOptions,
  shared: SharedOptions,
  keys: SessionKeys,
  revocations: LiveRevocations,
): Doors {
  const { certificates, people, proxied } = options.listeners
  const pages = loginApp(loginOptions(options, shared, keys))
  const door = (
    address: ListenerAddress,
    clientCertificate: TlsSettings['clientCertificate'],
    edge: SharedOptions,
  ): AdmittingDoor => ({
    ...createDoor({
      ...address,
      tls: { ...options.tls, material: options.tls, clientCertificate },
      handler: createEdge({ ...edge, clientCertificate }),
      audit: options.audit,
      newRequestId: randomUUID,
      onException: shared.onException,
    }),
    admit: edge.identification.admit,
  })
  const { admit } = shared.identification
  const identification =
    proxied && proxiedIdentification({ ...proxied, admit, trust: options.trust, revocations })
  const one = certificates.clientCertificate === 'optional' ? { ...shared, pages } : shared
  return {
    certificates: door(certificates, certificates.clientCertificate, one),
    people: people && door(people, 'none', { ...shared, pages }),
    proxied: proxied && identification && door(proxied, 'required', { ...shared, identification }),
  }
}

function loginOptions(options: SallyportOptions, shared: SharedOptions, keys: SessionKeys): LoginOptions {
  const { store, audit, sessions } = options
  return {
    users: store.users,
    sessions: store.sessions,
    browserSessions: store.browserSessions,
    keys,
    passwords: passwords(workQueue(HASHES_AT_ONCE, MOST_HASHES_WAITING)),
    rightsOf: shared.rightsOf,
    audit,
    now: shared.now,
    ...sessions,
    isAllowedOrigin: (origin, host) => originIsAllowed(origin, host, shared.allowed),
    onException: shared.onException,
  }
}

/** Ready means that a caller could be judged now: the store answers, and every CA's revocation list is fresh. */
function readiness(
  { store, trust, problems }: SallyportOptions,
  revocations: LiveRevocations,
  now: Clock,
): () => Promise<Readiness> {
  return async () => {
    const answers = await store.ping().then(
      () => true,
      () => false,
    )
    const isStale = trust().issuers.some(({ nextUpdate }) => !(now() < nextUpdate))
    const blocking = [
      ...(answers ? [] : ['store']),
      ...(revocations.isFresh() ? [] : ['revocations not read']),
      ...(isStale ? ['revocation list ended'] : []),
    ]
    return readinessOf(blocking, problems?.() ?? [])
  }
}

function allowedNames({ hosts, origins, listeners }: SallyportOptions): AllowedNames {
  const own = ['localhost', '127.0.0.1', '[::1]', hostname()]
  const listening = [listeners.certificates.host, listeners.people?.host ?? '', listeners.proxied?.host ?? '']
  const names = [...own, ...listening.filter((host) => !WILDCARDS.has(host)), ...hosts]
  return {
    hosts: new Set(names.map((name) => hostName(name.toLowerCase()))),
    origins: new Set(origins),
  }
}

/** Addresses that mean every interface are not names that a client may use: browsers resolve them to this machine. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', ''])

function hostName(name: string): string {
  return isIPv6(name) ? `[${name}]` : name
}

function exceptionLog(log: Log): (requestId: string | undefined, error: unknown) => void {
  return (requestId, error) => log.error({ requestId, err: error }, 'something went wrong in a request')
}
