/** What one principal may use of this process at once and over time. Every bound is of a principal, never of an address. */
export interface PrincipalLimits {
  readonly requestsInFlight: number
  readonly requestsPerMinute: number
  readonly legacySessions: number
}

/** Whether a request may start; `end` must be called when it is over. */
export type Started = { readonly kind: 'started'; readonly end: () => void } | { readonly kind: 'limited' }

/** Counts requests per principal. */
export interface RequestMeter {
  start(principal: string, now: number): Started
}

interface Usage {
  inFlight: number
  /** A bucket that fills at the rate per minute and holds as many. */
  tokens: number
  filledAt: number
}

const MINUTE = 60_000

/**
 * A token bucket and a count of requests in flight for each principal. Fails closed: what is over a limit does not
 * start. Principals are remembered only while they have something in flight or a bucket that is not full.
 */
export function requestMeter(limits: PrincipalLimits): RequestMeter {
  const { requestsInFlight, requestsPerMinute } = limits
  const usages = new Map<string, Usage>()
  const usageOf = (principal: string, now: number): Usage => {
    const usage = usages.get(principal) ?? { inFlight: 0, tokens: requestsPerMinute, filledAt: now }
    const earned = (Math.max(0, now - usage.filledAt) * requestsPerMinute) / MINUTE
    usage.tokens = Math.min(requestsPerMinute, usage.tokens + earned)
    usage.filledAt = now
    usages.set(principal, usage)
    return usage
  }
  return {
    start(principal, now) {
      forgetIdle(usages, now)
      const usage = usageOf(principal, now)
      if (usage.inFlight >= requestsInFlight || usage.tokens < 1) return { kind: 'limited' }
      usage.inFlight += 1
      usage.tokens -= 1
      return { kind: 'started', end: once(() => (usage.inFlight -= 1)) }
    },
  }
}

/** Principals come from our own CA and user list, so there are few; the map is only kept from growing for ever. */
const SWEEP_ABOVE = 10_000

function forgetIdle(usages: Map<string, Usage>, now: number): void {
  if (usages.size <= SWEEP_ABOVE) return
  for (const [principal, usage] of usages)
    if (usage.inFlight === 0 && now - usage.filledAt > MINUTE) usages.delete(principal)
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}
