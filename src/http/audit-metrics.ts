import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { AuditEvent } from '../audit/event.ts'
import { BUCKETS } from './buckets.ts'

/** What is counted of the audit trail. */
export interface AuditMetrics {
  /** An event is to be put on record. */
  waiting(): void
  /** It is durable. @param duration since then, in ms */
  durable(event: AuditEvent['event'], duration: number): void
  /** It cannot be. */
  failed(): void
}

/** Makes the metrics of the audit trail. */
export function auditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry]
  const lag = new Histogram({
    name: 'sallyport_audit_lag_seconds',
    help: 'How long events took to be durable, from when they were to be recorded.',
    buckets: BUCKETS,
    registers,
  })
  const waiting = new Gauge({
    name: 'sallyport_audit_waiting',
    help: 'Events that are to be recorded and are not durable yet.',
    registers,
  })
  const failures = new Counter({
    name: 'sallyport_audit_failures_total',
    help: 'Events that could not be put on record; what they are about did not happen.',
    registers,
  })
  const events = new Counter({
    name: 'sallyport_audit_events_total',
    help: 'Events on record, by name: sessions that began and ended, confirmations that were asked and given, …',
    labelNames: ['event'],
    registers,
  })
  return {
    waiting: () => waiting.inc(),
    durable(event, duration) {
      waiting.dec()
      lag.observe(duration / 1000)
      events.inc({ event })
    },
    failed() {
      waiting.dec()
      failures.inc()
    },
  }
}
