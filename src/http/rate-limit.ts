import { isIPv6 } from 'node:net'

/** How many requests are let through in a window of time. */
export interface Rates {
  readonly perKey: number
  readonly overall: number
  /** In ms. */
  readonly window: number
}

/** Whether one more request of `key` is let through at `now` (ms since the epoch); if so, it is counted. */
export type RateLimit = (key: string, now: number) => boolean

/**
 * Counts requests by key in windows that follow each other.
 *
 * Fails closed, and bounded: what the limit of all refuses leaves no trace, so there are never more keys than that
 * limit.
 */
export function rateLimit({ perKey, overall, window }: Rates): RateLimit {
  const counts = new Map<string, number>()
  let current: number | undefined
  let total = 0
  return (key, now) => {
    const begun = Math.floor(now / window)
    if (begun !== current) {
      current = begun
      total = 0
      counts.clear()
    }
    const count = counts.get(key) ?? 0
    if (total >= overall || count >= perKey) return false
    total += 1
    counts.set(key, count + 1)
    return true
  }
}

/** What one peer has at its disposal: an IPv4 address, or the largest IPv6 network of one site, 48 bits (RFC 6177, 2). */
export function networkOf(address: string): string {
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(address) ?? []
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address
  const [head = '', tail] = address.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const zeros = 8 - groups(head).length - groups(tail ?? '').length
  const all = [
    ...groups(head),
    ...Array.from({ length: tail === undefined ? 0 : zeros }, () => '0'),
    ...groups(tail ?? ''),
  ]
  return all.slice(0, 3).join(':')
}
