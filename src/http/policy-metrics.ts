import { Gauge, type Registry } from 'prom-client'

/** Told which policy is in force from `at` on, in ms since the epoch. */
export type PolicyMetrics = (digest: string, at: number) => void

/** Makes the metrics of the access policy. */
export function policyMetrics(registry: Registry): PolicyMetrics {
  const registers = [registry]
  const info = new Gauge({
    name: 'sallyport_policy_info',
    help: 'Always 1; the label is the digest of the access policy in force.',
    labelNames: ['digest'],
    registers,
  })
  const loaded = new Gauge({
    name: 'sallyport_policy_loaded_timestamp_seconds',
    help: 'Since when that policy is in force, in seconds since the epoch.',
    registers,
  })
  return (digest, at) => {
    info.reset()
    info.set({ digest }, 1)
    loaded.set(at / 1000)
  }
}
