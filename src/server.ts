import { X509Certificate } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { sameRights } from './access/same-rights.ts'
import { lacksSecondFactor } from './auth/authenticate.ts'
import type { AuthContext } from './auth/context.ts'
import { concernedBy } from './auth/concerned-by.ts'
import { monotonicClock, type Clock } from './auth/clock.ts'
import type { Revoked } from './auth/revocation.ts'
import { sessionKeys } from './auth/session-keys.ts'
import { openAll, type Listener } from './http/listen.ts'
import { createMetrics, type Metrics } from './http/metrics.ts'
import { createOperations } from './http/operations.ts'
import type { TlsMaterial } from './http/tls.ts'
import { observedAudit } from './observed-audit.ts'
import { recallAccounts } from './recall-accounts.ts'
import { followRevocations, type FollowerOptions, type RevocationFollower } from './revocations.ts'
import { serverConfirmations } from './server-confirmations.ts'
import { serverDoors } from './server-doors.ts'
import { serverEdge } from './server-edge.ts'
import { serverEndpoint } from './server-endpoint.ts'
import type { SallyportOptions } from './server-options.ts'
import { observeUpstreams } from './server-upstreams.ts'
import { timedStore } from './timed-store.ts'

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
  /** Ends what is not complete of callers whose rights are no longer the same; call it after the policy has changed. */
  judgeRights(): void
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

const CLOSE_GRACE = 2_000
/** A second less than is promised, for a machine that is slow to notice. */
const REVOCATIONS_FRESH_FOR = 29_000

/** Composes a server. Throws on options it cannot serve with; a server that starts is a server that is configured. */
export function createServer(given: SallyportOptions): Sallyport {
  const metrics = createMetrics(given.trust)
  const options = observed(given, metrics)
  const { store } = options
  const now = monotonicClock(options.clock ?? Date.now)
  const keys = sessionKeys(options.sessionSecrets)
  const revocations = followerOf(options, metrics, now, {
    onRevoked(entries) {
      // Judged before their connections are gone, so that it is known whose credential it was.
      shared.open.judge(concernedBy(entries))
      if (entries.some(endsConnections)) readmitConnections()
      end(concernedBy(entries.filter(endsWhomItNames)))
    },
    onStale() {
      shared.open.judge(() => true)
      readmitConnections()
    },
  })
  let ports: ListeningPorts | undefined
  const confirming = serverConfirmations(options, { keys, now, revocations, ports: () => ports })
  const endpoint = serverEndpoint(options, now, confirming, keys)
  const shared = serverEdge(options, { keys, endpoint, revocations, metrics, now, ended: endCredential })
  const doors = serverDoors(options, shared, keys, revocations, metrics)
  metrics.policy(options.policy().digest, now())
  metrics.serverCertificateEnds(endOf(options.tls))
  const { operations } = options.listeners
  const { ready, onException } = shared
  const probes = operations && createOperations({ ...operations, ready, metrics, onException })
  const all: readonly (Listener | undefined)[] = [doors.certificates, doors.people, doors.proxied, probes]
  const unobserve = options.upstreams && observeUpstreams(options.upstreams, metrics.upstreams)
  /** Ends what is kept of callers beside their open answers: sessions of the 2025 era, connections to upstreams. */
  function end(concerns: (context: AuthContext) => boolean): void {
    endpoint.end(concerns)
    options.upstreams?.end(concerns)
  }
  /** A certificate beside a session that ended may be good still: what was proved by both is meant. */
  function endCredential(ended: AuthContext): void {
    end(({ credential, session }) => credential === ended.credential && session === ended.session)
  }
  const closeAll = async (): Promise<void> => {
    await Promise.all(all.map(async (listener) => listener?.close(CLOSE_GRACE)))
  }
  function readmitConnections(): void {
    const time = now()
    for (const door of [doors.certificates, doors.people, doors.proxied])
      door?.readmit((socket) => door.admit(socket, time).kind !== 'refused')
  }
  return {
    async listen() {
      await recallAccounts(store, now())
      await revocations.start()
      const opened = await openAll(all).catch((error: unknown) => {
        revocations.close()
        throw error
      })
      const [certificates = 0, people, proxied, probing] = opened
      ports = { certificates, people, proxied, operations: probing }
      return ports
    },
    readmit() {
      readmitConnections()
      shared.open.judge(({ methods }) => methods.includes('certificate'))
    },
    judgeRights() {
      metrics.policy(options.policy().digest, now())
      shared.open.judge((context) => {
        const rights = shared.rightsOf(context, now())
        return !sameRights(context, rights) || lacksSecondFactor(context, rights)
      })
    },
    reload(material) {
      for (const door of [doors.certificates, doors.people, doors.proxied]) door?.setMaterial(material)
      metrics.serverCertificateEnds(endOf(material))
    },
    metrics,
    async close() {
      await closeAll()
      unobserve?.()
      revocations.close()
      await endpoint.close()
    },
  }
}

/** In ms since the epoch. */
function endOf({ certificate }: TlsMaterial): number {
  return new X509Certificate(certificate).validToDate.getTime()
}

/** The same, with the store and the audit trail under observation. */
function observed(options: SallyportOptions, metrics: Metrics): SallyportOptions {
  const { store, audit } = options
  return { ...options, store: timedStore(store, metrics.store), audit: observedAudit(audit, metrics.audit) }
}

/** Whether open connections are to be judged anew, which are known by their certificates alone. */
function endsConnections(entry: Revoked): boolean {
  return entry.kind === 'certificate' || (entry.kind === 'account' && entry.disabled)
}

/**
 * Whether nobody whom it names stays: of an epoch some sessions may be, and of a certificate it is not said whose. Who is
 * ended by those is found when what he has open is judged.
 */
function endsWhomItNames(entry: Revoked): boolean {
  return entry.kind === 'session' || (entry.kind === 'account' && entry.disabled)
}

function followerOf(
  { store, log, revocationsFreshFor = REVOCATIONS_FRESH_FOR }: SallyportOptions,
  metrics: Metrics,
  now: Clock,
  told: Pick<FollowerOptions, 'onRevoked' | 'onStale'>,
): RevocationFollower {
  return followRevocations({
    store: store.revocations,
    now,
    elapsed: () => performance.now(),
    freshFor: Math.min(revocationsFreshFor, REVOCATIONS_FRESH_FOR),
    ...told,
    onRead: (epoch) => metrics.revocationEpoch(epoch),
    onProblem: (err) => log.error({ err }, 'the live revocation list cannot be read'),
  })
}
