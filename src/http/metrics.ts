import { Counter, Gauge, Registry } from 'prom-client'

/** What the operations listener shows on `/metrics`. No label carries a principal or the name of a tool. */
export interface Metrics {
  /** `what` is the kind of file ("server certificate", "trust", "access policy"). */
  fileRefused(what: string, refused: boolean): void
  /** @param at ms since the epoch */
  serverCertificateEnds(at: number): void
  revocationEpoch(epoch: number): void
  /** A header that claims an identity was removed; `name` is one of a closed list. */
  headerRemoved(name: string): void
  /** That of {@link text}: the text format of Prometheus. */
  readonly contentType: string
  text(): Promise<string>
}

/** The metrics of one server. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const refused = new Gauge({
    name: 'sallyport_file_refused',
    help: '1 while a file as it is now was refused and the one before is in force.',
    labelNames: ['what'],
    registers,
  })
  const ends = new Gauge({
    name: 'sallyport_server_certificate_not_after_seconds',
    help: 'When the server certificate in use ends, in seconds since the epoch.',
    registers,
  })
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
    fileRefused: (what, isRefused) => refused.set({ what }, isRefused ? 1 : 0),
    serverCertificateEnds: (at) => ends.set(Math.floor(at / 1000)),
    revocationEpoch: (value) => epoch.set(value),
    headerRemoved: (header) => removed.inc({ header }),
    contentType: registry.contentType,
    text: async () => registry.metrics(),
  }
}
