import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { BUCKETS } from './buckets.ts'

/** How one upstream is. */
export interface UpstreamSeen {
  readonly name: string
  readonly state: 'connecting' | 'up' | 'down' | 'idle'
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly connections: number
  readonly inFlight: number
  readonly served: number
  readonly quarantined: readonly unknown[]
}

/** What is counted of upstreams. Labels are names of the configuration and of the protocol; never of a principal or a tool. */
export interface UpstreamMetrics {
  /** From now on, the state of upstreams is read when metrics are asked for. */
  watch(status: () => readonly UpstreamSeen[]): void
  /** A call has ended. @param duration in ms */
  called(upstream: string, method: string, answer: string, duration: number): void
}

/** Which number of an upstream is which metric. */
const GAUGES: readonly (readonly [name: string, help: string, value: (seen: UpstreamSeen) => number])[] = [
  [
    'sallyport_upstream_up',
    '1 while an upstream says what it has when it is asked.',
    ({ state }) => (state === 'up' ? 1 : 0),
  ],
  [
    'sallyport_upstream_breaker_open',
    '1 while calls to an upstream fail at once, since it did not answer; 0.5 while one is let through to see.',
    ({ breaker }) => ({ closed: 0, open: 1, 'half-open': 0.5 })[breaker],
  ],
  ['sallyport_upstream_connections', 'Connections to an upstream.', ({ connections }) => connections],
  ['sallyport_upstream_calls_in_flight', 'Calls to an upstream that run now.', ({ inFlight }) => inFlight],
  [
    'sallyport_upstream_definitions',
    'Tools, prompts and templates of an upstream that are served.',
    ({ served }) => served,
  ],
  [
    'sallyport_upstream_definitions_quarantined',
    'Definitions of an upstream that are kept from everybody until somebody approves them.',
    ({ quarantined }) => quarantined.length,
  ],
]

/** Makes the metrics of upstreams. */
export function upstreamMetrics(registry: Registry): UpstreamMetrics {
  const registers = [registry]
  const calls = new Counter({
    name: 'sallyport_upstream_calls_total',
    help: 'Calls to upstreams, by method and by how they ended.',
    labelNames: ['upstream', 'method', 'answer'],
    registers,
  })
  const durations = new Histogram({
    name: 'sallyport_upstream_call_duration_seconds',
    help: 'How long calls to upstreams took, connecting included.',
    labelNames: ['upstream'],
    buckets: BUCKETS,
    registers,
  })
  /** Finding them by their labels costs more than all else that is counted of a call. */
  const known = new Map<
    string,
    { readonly calls: Counter.Internal; readonly durations: Histogram.Internal<'upstream'> }
  >()
  return {
    watch(status) {
      for (const [name, help, value] of GAUGES)
        registry.registerMetric(
          new Gauge({
            name,
            help,
            labelNames: ['upstream'],
            registers: [],
            collect() {
              this.reset()
              for (const seen of status()) this.set({ upstream: seen.name }, value(seen))
            },
          }),
        )
    },
    called(upstream, method, answer, duration) {
      const key = `${upstream} ${method} ${answer}`
      const one = known.get(key) ?? {
        calls: calls.labels(upstream, method, answer),
        durations: durations.labels(upstream),
      }
      known.set(key, one)
      one.calls.inc()
      one.durations.observe(duration / 1000)
    },
  }
}
