import type { Identity } from './client-identity.ts'
import { isFinal, renewalTime } from './renewal.ts'
import { retryDelay } from './retry-delay.ts'

/** What {@link watchIdentity} works with. */
export interface WatchOptions {
  /** Reads what is on the disk now; rejects when that is of no use any more, or has expired. */
  readonly find: () => Promise<Identity>
  readonly renew: (identity: Identity) => Promise<Identity>
  /** Told of a renewal that is done; must not reject. */
  readonly renewed: (identity: Identity) => Promise<void>
  /** Told of what is done, for people. */
  readonly say: (line: string) => void
  /** Ms since the epoch. */
  readonly now: () => number
  /** Resolves after `ms`, or at once when the watch is to end. */
  readonly wait: (ms: number) => Promise<void>
  /** From 0 to 1. */
  readonly random: () => number
  readonly signal: AbortSignal
}

/** A machine that slept wakes up late, and others may have renewed in the meantime: so long at most without a look, in ms. */
const LOOK = 60_000

/**
 * Renews a certificate at two thirds of its life, again and again, until told to stop. What fails is tried again until
 * the certificate ends, and so, with the same pauses, is what is due again as soon as it comes.
 *
 * Rejects when that is of no use: the certificate is refused, or has expired.
 */
export async function watchIdentity(options: WatchOptions): Promise<void> {
  const { find, renewed, say, now, wait, random, signal } = options
  const spread = random()
  let failed = 0
  let due = 0
  while (!signal.aborted) {
    const identity = await find()
    const next = renewalTime(identity, spread)
    if (failed === 0 && next !== due)
      say(`${next > now() ? 'will be renewed' : 'is to be renewed'} at ${timeOf(next)}`)
    due = next
    if (next > now()) {
      failed = 0
      await wait(Math.min(next - now(), LOOK))
      continue
    }
    const outcome = await attempt(identity, options)
    const kept = outcome instanceof Error ? identity : outcome
    if (kept === outcome) {
      say(`renewed until ${timeOf(kept.notAfter)}`)
      await renewed(kept)
    }
    const problem = problemOf(outcome, spread, now())
    failed = problem === undefined ? 0 : failed + 1
    if (problem === undefined) continue
    const pause = retryDelay(failed, kept.notAfter - now(), random())
    say(`${problem}; trying again in ${Math.ceil(pause / 1000)} s`)
    await wait(pause)
  }
}

/** Why there is to be a pause, if so: also what a clock that is wrong, or a life that is too short, makes due at once. */
function problemOf(outcome: Identity | Error, spread: number, now: number): string | undefined {
  if (outcome instanceof Error) return `was not renewed: ${outcome.message}`
  return renewalTime(outcome, spread) > now ? undefined : 'is due again already: is the clock right?'
}

/** The new identity, or why there is none yet. Rejects with what is final. */
async function attempt(identity: Identity, { renew }: WatchOptions): Promise<Identity | Error> {
  try {
    return await renew(identity)
  } catch (error) {
    if (isFinal(error) || !(error instanceof Error)) throw error
    return error
  }
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}
