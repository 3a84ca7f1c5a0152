import type { AuditSink } from './audit/event.ts'
import type { AuditMetrics } from './http/audit-metrics.ts'
import type { DoorMetrics } from './http/door-metrics.ts'

/** An audit sink, with how long its events take to be durable told. Refusals of strangers, which nobody waits for, are not. */
export function observedAudit(sink: AuditSink, told: AuditMetrics): AuditSink {
  return {
    async record(event) {
      if (event.event === 'request.refused') return sink.record(event)
      const startedAt = performance.now()
      told.waiting()
      try {
        await sink.record(event)
      } catch (error) {
        told.failed()
        throw error
      }
      told.durable(event.event, performance.now() - startedAt)
    },
  }
}

/** An audit sink, with what it hears of refusals told. */
export function countedRefusals(sink: AuditSink, told: DoorMetrics['refused']): AuditSink {
  return {
    async record(event) {
      if (event.event === 'request.refused') told(event.layer, event.reason)
      return sink.record(event)
    },
  }
}
