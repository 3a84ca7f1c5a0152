import type { X509Certificate } from 'node:crypto'
import { Gauge, type Registry } from 'prom-client'
import type { Trust, TrustedIssuer } from '../auth/certificate.ts'

/**
 * Makes the metrics of what is trusted, read when they are asked for: of each kind the earliest end, in seconds since
 * the epoch. Nothing is shown of a kind of which there is none.
 */
export function trustMetrics(registry: Registry, trust: () => Trust): void {
  registry.registerMetric(authorityEnds(trust))
  registry.registerMetric(listsEnd(trust))
}

function authorityEnds(trust: () => Trust): Gauge<'authority'> {
  return new Gauge({
    name: 'sallyport_authority_not_after_seconds',
    help: 'When the first of the CAs that are trusted ends, in seconds since the epoch.',
    labelNames: ['authority'],
    registers: [],
    collect() {
      const { issuers } = trust()
      this.reset()
      for (const [authority, certificateOf] of AUTHORITIES) {
        const ends = earliest(
          issuers.map((issuer) => certificateOf(issuer)?.validToDate.getTime() ?? Infinity),
        )
        if (ends !== undefined) this.set({ authority }, ends)
      }
    },
  })
}

function listsEnd(trust: () => Trust): Gauge {
  return new Gauge({
    name: 'sallyport_revocation_list_next_update_seconds',
    help: 'When the first of the revocation lists in force ends, in seconds since the epoch.',
    registers: [],
    collect() {
      const ends = earliest(trust().issuers.map(({ nextUpdate }) => nextUpdate))
      // Not 0, which would be long ago.
      if (ends === undefined) this.remove()
      else this.set(ends)
    },
  })
}

const AUTHORITIES: readonly (readonly [string, (issuer: TrustedIssuer) => X509Certificate | undefined])[] = [
  ['issuing', ({ certificate }) => certificate],
  ['root', ({ chain }) => chain.certificates.at(-1)],
]

function earliest(times: readonly number[]): number | undefined {
  const least = Math.min(...times)
  return Number.isFinite(least) ? Math.floor(least / 1000) : undefined
}
