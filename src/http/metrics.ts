import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Trust } from '../auth/certificate.ts'
import { auditMetrics, type AuditMetrics } from './audit-metrics.ts'
import { doorMetrics, type DoorMetrics, type DoorName } from './door-metrics.ts'
import { policyMetrics, type PolicyMetrics } from './policy-metrics.ts'
import { requestMetrics, type RequestMetrics } from './request-metrics.ts'
import { storeMetrics, type StoreMetrics } from './store-metrics.ts'
import { trustMetrics } from './trust-metrics.ts'
import { upstreamMetrics, type UpstreamMetrics } from './upstream-metrics.ts'

/** What the operations listener shows on `/metrics`. No label carries a principal or the name of a tool. */
export interface Metrics {
  /** `what` is the kind of file ("server certificate", "trust", "access policy"), which was read and refused or not. */
  fileRefused(what: string, refused: boolean): void
  /** @param at ms since the epoch */
  serverCertificateEnds(at: number): void
  revocationEpoch(epoch: number): void
  /** A header that claims an identity was removed; `name` is one of a closed list. */
  headerRemoved(name: string): void
  readonly policy: PolicyMetrics
  readonly store: StoreMetrics
  readonly audit: AuditMetrics
  readonly upstreams: UpstreamMetrics
  door(name: DoorName): DoorMetrics
  requests(door: DoorName): RequestMetrics
  /** That of {@link text}: the text format of Prometheus. */
  readonly contentType: string
  text(): Promise<string>
}

/**
 * The metrics of one server. Those of the process are collected from the first time on that anybody looks.
 *
 * @param trust what is trusted now; nothing is shown of it unless given
 */
export function createMetrics(trust?: () => Trust): Metrics {
  const registry = new Registry()
  if (trust !== undefined) trustMetrics(registry, trust)
  const processMetrics = once(() => collectDefaultMetrics({ register: registry }))
  return {
    ...fileMetrics(registry),
    ...edgeMetrics(registry),
    policy: policyMetrics(registry),
    store: storeMetrics(registry),
    audit: auditMetrics(registry),
    upstreams: upstreamMetrics(registry),
    door: doorMetrics(registry),
    requests: requestMetrics(registry),
    contentType: registry.contentType,
    async text() {
      processMetrics()
      return registry.metrics()
    },
  }
}

function fileMetrics(registry: Registry): Pick<Metrics, 'fileRefused' | 'serverCertificateEnds'> {
  const registers = [registry]
  const refused = new Gauge({
    name: 'sallyport_file_refused',
    help: '1 while a file as it is now was refused and the one before is in force.',
    labelNames: ['what'],
    registers,
  })
  const refusals = new Counter({
    name: 'sallyport_file_refusals_total',
    help: 'How often a file that is followed was refused, and the one before stayed in force.',
    labelNames: ['what'],
    registers,
  })
  const ends = new Gauge({
    name: 'sallyport_server_certificate_not_after_seconds',
    help: 'When the server certificate in use ends, in seconds since the epoch.',
    registers,
  })
  return {
    fileRefused(what, isRefused) {
      refused.set({ what }, isRefused ? 1 : 0)
      refusals.inc({ what }, isRefused ? 1 : 0)
    },
    serverCertificateEnds: (at) => ends.set(Math.floor(at / 1000)),
  }
}

function edgeMetrics(registry: Registry): Pick<Metrics, 'revocationEpoch' | 'headerRemoved'> {
  const registers = [registry]
  const epoch = new Gauge({
    name: 'sallyport_revocation_epoch',
    help: 'Epoch of the live revocation list that this node has applied.',
    registers,
  })
  const removed = new Counter({
    name: 'sallyport_identity_headers_removed_total',
    help: 'Headers that claim an identity or an address, removed because nobody on that listener may send them.',
    labelNames: ['header'],
    registers,
  })
  return {
    revocationEpoch: (value) => epoch.set(value),
    headerRemoved: (header) => removed.inc({ header }),
  }
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) work()
    isDone = true
  }
}
