import { createHash } from 'node:crypto'
import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../auth/context.ts'
import type { Era } from '../methods.ts'
import { createBreaker, type Breaker, type BreakerState } from './breaker.ts'
import type { Connected, ConnectionEvents, UpstreamAnswer } from './connection.ts'
import { listingCapabilities } from './listing-capabilities.ts'
import type { UpstreamOptions } from './options.ts'
import { createPool, type Lease, type PoolKey } from './pool.ts'
import type { UpstreamPorts } from './ports.ts'
import { withHomeOf } from './principal-home.ts'
import { unlessAborted } from './unless-aborted.ts'
import { wantedSecrets } from './wanted-secrets.ts'

/** For whom a connection is. */
export interface Party {
  readonly context: AuthContext
  /** Of its 2025-era session; such a session shares nothing with another one. */
  readonly session?: string
  /** What is declared to a 2025-era upstream. */
  readonly capabilities: ClientCapabilities
}

/** A connection that may be used, or what the caller is told. */
export type Got =
  | { readonly kind: 'got'; readonly lease: Lease; readonly breaker: Breaker }
  | Extract<UpstreamAnswer, { readonly kind: 'down' | 'busy' | 'no_secret' | 'cancelled' }>

/** Connections to one upstream: ours, which lists, and those of callers. */
export interface UpstreamConnections {
  /** Ours; also that of all callers of an upstream that keeps no state. Never rejects. */
  own(): Promise<Got>
  /** Whether there is a connection of ours: one that has no secret of a principal in it. */
  readonly hasOwn: boolean
  /** The one of a caller, made where there is none. Never rejects but with `STORE_UNAVAILABLE`. */
  of(party: Party, signal: AbortSignal): Promise<Got>
  /** Whether all callers share one connection; undefined while the era is not known. */
  isShared(): boolean | undefined
  era(): Era | undefined
  breaker(): BreakerState
  size(): number
  end(concerns: (context: AuthContext) => boolean): void
  sweep(): void
  close(grace: number): Promise<void>
}

/** So many failures in a row, and it is left in peace; ms. */
const BREAKER = { failures: 5, backoff: { least: 1000, most: 30_000 } }
/** Breakers of principals that are remembered; the oldest goes. */
const MOST_BREAKERS = 1024
const OWN = ''
const LEFT_IN_PEACE: Got = {
  kind: 'down',
  sent: false,
  why: 'it has failed too often; it is tried again soon',
}

/**
 * Makes connections as they are needed. Which principal is whose is in the key of each: principal, session, what the
 * client can do, and what the secrets are, so that none is used with anything that it was not made for.
 *
 * @param opened told of each new connection
 */
export function upstreamConnections(
  options: UpstreamOptions,
  { connect, secrets, now }: Pick<UpstreamPorts, 'connect' | 'secrets' | 'now'>,
  events: ConnectionEvents,
  opened: (connected: Connected) => void,
): UpstreamConnections {
  const { limits } = options
  const wanted = wantedSecrets(options)
  const hasOwn = wanted.names.length === 0
  const pool = createPool({ most: limits.connections, idle: limits.idle, now })
  const breakers = breakersOf(now)
  let era: Era | undefined = options.era === 'auto' ? undefined : options.era

  const dialled =
    (
      reached: UpstreamOptions,
      given: Readonly<Record<string, string>>,
      clientCapabilities: ClientCapabilities,
    ) =>
    async (stop: AbortSignal): Promise<Connected> => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(limits.connectTimeout)])
      const knownEra = era === undefined ? {} : { knownEra: era }
      const connected = await connect(
        reached,
        { secrets: given, clientCapabilities, signal, ...knownEra },
        events,
      )
      if (connected.kind === 'connected') era = connected.connection.era
      opened(connected)
      return connected
    }
  const got = async (
    key: PoolKey,
    open: (stop: AbortSignal) => Promise<Connected>,
    principal = key.context?.principal.id ?? OWN,
  ): Promise<Got> => {
    const [connecting, breaker] = [breakers.of(key.context?.principal.id ?? OWN), breakers.of(principal)]
    if (!connecting.admits()) return LEFT_IN_PEACE
    if (breaker !== connecting && !breaker.admits()) {
      connecting.unknown()
      return LEFT_IN_PEACE
    }
    const leased = await pool.lease(key, open)
    if (leased.kind === 'leased') {
      if (breaker !== connecting) connecting.succeeded()
      return { kind: 'got', lease: leased.lease, breaker }
    }
    if (breaker !== connecting) breaker.unknown()
    if (leased.kind === 'busy') {
      connecting.unknown()
      return leased
    }
    connecting.failed()
    return { kind: 'down', sent: false, why: leased.why }
  }
  const own = async (principal?: string): Promise<Got> =>
    got({ key: OWN, context: undefined }, dialled(options, {}, listingCapabilities(options)), principal)
  const isShared = (): boolean | undefined => {
    if (!hasOwn || options.connection === 'per-principal') return false
    if (options.connection === 'shared') return true
    return era === undefined ? undefined : era === '2026-07-28'
  }
  const ofPrincipal = async ({ context, session, capabilities }: Party): Promise<Got> => {
    const { names, upstream, audience } = wanted
    const principal = context.principal.id
    const found = names.length === 0 ? {} : await secrets.read(principal, upstream, audience, names)
    const missing = names.find((name) => found[name] === undefined)
    if (missing !== undefined) return { kind: 'no_secret', secret: missing }
    // Digested, so that no secret lives on as a key.
    const parts = JSON.stringify([principal, session ?? null, capabilities, names.map((name) => found[name])])
    const key = createHash('sha256').update(parts).digest('base64url')
    return got({ key, context }, dialled(withHomeOf(options, principal), found, capabilities))
  }
  return {
    own: async () => own(),
    hasOwn,
    async of(party, signal) {
      const finding = async (): Promise<Got> => {
        const principal = party.context.principal.id
        if (isShared() === true) return own(principal)
        if (isShared() === undefined) {
          // Only a connection tells the era.
          const first = await own(principal)
          if (first.kind !== 'got' || isShared() === true) return first
          first.breaker.unknown()
          first.lease.release()
        }
        return ofPrincipal(party)
      }
      const found = finding()
      return unlessAborted(found, signal, () => {
        void letGo(found)
        return { kind: 'cancelled' }
      })
    },
    isShared,
    era: () => era,
    breaker: () => breakers.of(OWN).state(),
    size: () => pool.size(),
    end: (concerns) => pool.end(concerns),
    sweep: () => pool.sweep(),
    close: async (grace) => pool.close(grace),
  }
}

/** Who waited for a connection has gone away; the connection is for whoever comes next. */
async function letGo(getting: Promise<Got>): Promise<void> {
  const got = await getting.catch(() => undefined)
  if (got?.kind !== 'got') return
  got.breaker.unknown()
  got.lease.release()
}

/**
 * A breaker for each principal: what one of them breaks, by its secrets or its calls, is whole for the others, also on
 * the connection that they share. What counts for all is whether that one can be made.
 */
function breakersOf(now: () => number): { of(principal: string): Breaker } {
  const breakers = new Map<string, Breaker>()
  return {
    of(principal) {
      const known = breakers.get(principal)
      if (known !== undefined) return known
      const made = createBreaker({ ...BREAKER, now, random: Math.random })
      breakers.set(principal, made)
      const oldest = [...breakers.keys()].find((key) => key !== OWN)
      if (breakers.size > MOST_BREAKERS && oldest !== undefined) breakers.delete(oldest)
      return made
    },
  }
}
