import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPolicy } from '../../src/access/read-policy.ts'
import type { Policy } from '../../src/access/decision.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { Trust } from '../../src/auth/certificate.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import type { Issuer } from '../../src/http/issuer.ts'
import type { Metrics } from '../../src/http/metrics.ts'
import type { CatalogParts } from '../../src/mcp/catalog.ts'
import { surfaceOf } from '../../src/mcp/surface-of.ts'
import { serverCatalog } from '../../src/server-catalog.ts'
import type { SallyportOptions } from '../../src/server-options.ts'
import { createServer, type ListeningPorts, type Sallyport } from '../../src/server.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { OFFLINE_NOTES } from '../../src/tools/offline-notes.ts'
import { readTrust, type TrustBundle } from '../../src/trust.ts'
import { testAuthority, type TestAuthority } from './certificates.ts'

/** The events that can have a name; some share their fields under several names. */
export type EventNamed<Name, Event = AuditEvent> = Event extends { event: infer Names }
  ? Name extends Names
    ? Event
    : never
  : never

/** A server in this process, on free ports, with a CA and a store of its own. */
export interface TestServer {
  readonly authority: TestAuthority
  readonly store: Store
  readonly ports: ListeningPorts
  /** Everything that was recorded, in order. */
  readonly events: readonly AuditEvent[]
  /** What was reported for the operator's log. */
  readonly problems: readonly unknown[]
  /** Resolves with the first event that fits, also one that is recorded later. */
  event<Name extends AuditEvent['event']>(
    name: Name,
    fits?: (event: EventNamed<Name>) => boolean,
  ): Promise<EventNamed<Name>>
  /** What is trusted now. */
  readonly trust: () => Trust
  setPolicy(policy: Policy): void
  /** Reads the revocation lists again: another trust epoch. */
  reloadTrust(): Promise<void>
  /** Makes every record that the function says fail. */
  failAudit(fails: ((event: AuditEvent) => boolean) | undefined): void
  readonly readmit: () => void
  /** Ends what is open of callers whose rights are no longer the same, as after a reload of the policy. */
  readonly judgeRights: () => void
  readonly metrics: Metrics
  close(): Promise<void>
}

/** The secret of the test servers' sessions. */
export const TEST_SECRET = 'a-secret-for-tests-only-0123456789abcdef'
/** What seals the credentials of its users. */
export const TEST_FACTOR_KEY: string = randomBytes(48).toString('base64')

const ACCESS = `version: 1
rules: []
roles:
  reader: [ "notes:read", "time:read" ]
  writer: [ "notes:read", "notes:write", "time:read" ]
  admin: [ "*" ]
grants:
  - { service: demo, roles: [ reader ] }
  - { service: admin-cli, roles: [ admin ] }
  - { user: alice, roles: [ admin ] }
  - { user: bob, roles: [ reader ] }
`

/** The policy of an access document, for the built-in tools and those that are added to them. */
export function policyOf(text: string = ACCESS, parts?: CatalogParts): Policy {
  const surface = surfaceOf(serverCatalog(OFFLINE_NOTES, parts, Date.now))
  return readPolicy(text, 'access.yaml', surface).policy
}

/** What a test may ask for beyond the options of the server itself. */
export interface TestOptions {
  readonly storeLocation?: string
  readonly unsafeSessionTickets?: boolean
  /** TLS 1.3 unless given. */
  readonly minVersion?: 'TLSv1.2'
  /** CAs of others that are trusted beside the server's own. */
  readonly bundles?: readonly TrustBundle[]
  /** Makes the issuer of the server, for its CA. */
  readonly issuerOf?: (authority: TestAuthority) => Issuer
}

/** Starts a server; `store` is a location, by default a SQLite file of its own. */
export async function startServer(
  options: Partial<SallyportOptions> & TestOptions = {},
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-server-'))
  const authority = await testAuthority(directory)
  const store = await openStore(
    options.storeLocation ?? `sqlite:${join(directory, 'data', 'sallyport.db')}`,
    {
      now: options.clock ?? Date.now,
      slotOf,
    },
  )
  const recorder = eventRecorder()
  const problems: unknown[] = []
  let policy = policyOf()
  const { bundles = [] } = options
  let trust = await trustOf(authority, bundles)
  const cleanUp = async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  }
  const [server, ports] = await listening({
    listeners: {
      certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
      people: { host: '127.0.0.1', port: 0 },
    },
    tls: {
      certificate: authority.server.cert,
      key: authority.server.key,
      authorities: [
        authority.rootPem,
        authority.issuingPem,
        ...bundles.flatMap(({ roots, issuers }) => [roots, issuers]),
      ],
      minVersion: options.minVersion ?? 'TLSv1.3',
      unsafeSessionTickets: options.unsafeSessionTickets ?? false,
    },
    trust: () => trust,
    policy: () => policy,
    store,
    audit: recorder.sink,
    sessionSecrets: [TEST_SECRET],
    sessions: {
      idleTimeout: 30 * 60_000,
      absoluteTimeout: 12 * 3_600_000,
      most: 20,
      binding: 'none',
      deviceLogin: true,
    },
    factorKeys: [TEST_FACTOR_KEY],
    limits: { bodyBytes: 4 * 1024 * 1024, requestsInFlight: 64, requestsPerMinute: 6000, legacySessions: 32 },
    hosts: [],
    origins: [],
    root: authority.rootPem,
    ...(options.issuerOf === undefined ? {} : { issuer: options.issuerOf(authority) }),
    log: { error: (fields) => problems.push(fields), debug: () => undefined },
    ...options,
  }).catch(async (error: unknown) => {
    await cleanUp()
    throw error
  })
  return {
    authority,
    store,
    ports,
    problems,
    events: recorder.events,
    event: recorder.event,
    failAudit: recorder.fail,
    trust: () => trust,
    setPolicy: (next) => {
      policy = next
    },
    reloadTrust: async () => {
      trust = await trustOf(authority, bundles)
    },
    readmit: () => server.readmit(),
    judgeRights: () => server.judgeRights(),
    metrics: server.metrics,
    async close() {
      await server.close()
      await cleanUp()
    },
  }
}

async function listening(options: SallyportOptions): Promise<[Sallyport, ListeningPorts]> {
  const server = createServer(options)
  return [server, await server.listen()]
}

async function trustOf(authority: TestAuthority, bundles: readonly TrustBundle[]): Promise<Trust> {
  return readTrust({
    trustDomain: authority.trustDomain,
    roots: authority.rootPem,
    issuers: authority.issuingPem,
    revocationLists: await authority.revocationLists(),
    bundles,
  })
}

function eventRecorder() {
  const events: AuditEvent[] = []
  const waiting = new Set<() => void>()
  let fails: ((event: AuditEvent) => boolean) | undefined
  return {
    events,
    fail(next: typeof fails) {
      fails = next
    },
    sink: {
      async record(event: AuditEvent) {
        if (fails?.(event) === true) throw new Error('the disk of the audit trail is full')
        events.push(event)
        for (const wake of waiting) wake()
      },
    },
    async event<Name extends AuditEvent['event']>(
      name: Name,
      fits: (event: EventNamed<Name>) => boolean = () => true,
    ): Promise<EventNamed<Name>> {
      const isWanted = (event: AuditEvent): event is EventNamed<Name> =>
        event.event === name && fits(event as EventNamed<Name>)
      return new Promise((resolve) => {
        const look = () => {
          const found = events.find(isWanted)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      })
    },
  }
}
