import { Histogram, type Registry } from 'prom-client'
import { BUCKETS } from './buckets.ts'

/** Told how long the store took to answer, in ms, and whether it did. `group` is the port that was asked. */
export type StoreMetrics = (group: string, outcome: 'ok' | 'failed', duration: number) => void

/** Makes the metrics of the store. */
export function storeMetrics(registry: Registry): StoreMetrics {
  const durations = new Histogram({
    name: 'sallyport_store_duration_seconds',
    help: 'How long the store took to answer, by what was asked: sessions, users, revocations, …',
    labelNames: ['group', 'outcome'],
    buckets: BUCKETS,
    registers: [registry],
  })
  return (group, outcome, duration) => durations.observe({ group, outcome }, duration / 1000)
}
