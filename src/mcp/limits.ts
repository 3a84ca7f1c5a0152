/** What one principal may use of this process at once and over time. Every bound is of a principal, never of an address. */
export interface PrincipalLimits {
  readonly requestsInFlight: number
  readonly requestsPerMinute: number
  readonly legacySessions: number
}

/** Whether a request may start. Once it has, `keepUntil` lets it count as in flight until that is over, too. */
export type Started =
  | { readonly kind: 'started'; readonly keepUntil: KeepUntil }
  | { readonly kind: 'limited' }

/** Takes what must be over, fulfilled or rejected, before a request counts as in flight no longer. */
export type KeepUntil = (over: Promise<unknown>) => void

/** Counts requests per principal. */
export interface RequestMeter {
  /**
   * @param now ms since the epoch
   * @param over settles when the request is answered or given up
   */
  start(principal: string, now: number, over: Promise<unknown>): Started
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
 * start.
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
    start(principal, now, over) {
      forgetIdle(usages, now)
      const usage = usageOf(principal, now)
      if (usage.inFlight >= requestsInFlight || usage.tokens < 1) return { kind: 'limited' }
      usage.tokens -= 1
      const keepUntil = inFlightIn(usage)
      keepUntil(over)
      return { kind: 'started', keepUntil }
    },
  }
}

/** Principals come from CAs and the list of users, so there are few; the map is only kept from growing for ever. */
const SWEEP_ABOVE = 10_000

function forgetIdle(usages: Map<string, Usage>, now: number): void {
  if (usages.size <= SWEEP_ABOVE) return
  for (const [principal, usage] of usages)
    if (usage.inFlight === 0 && now - usage.filledAt > MINUTE) usages.delete(principal)
}

/** Counts one request as in flight while anything that it was kept for is not over. */
function inFlightIn(usage: Usage): KeepUntil {
  let waiting = 0
  const end = (): void => {
    waiting -= 1
    if (waiting === 0) usage.inFlight -= 1
  }
  return (over) => {
    if (waiting === 0) usage.inFlight += 1
    waiting += 1
    void over.then(end, end)
  }
}
