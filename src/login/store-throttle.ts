import { createHmac } from 'node:crypto'
import type { SealingKeys } from '../auth/mac.ts'
import { growingDelay } from './growing-delay.ts'
import { networkOf } from './network.ts'
import type { RateLimits } from './rate-limits.ts'
import { windowTally, type Tally } from './tally.ts'
import type { ThrottleLimits } from './throttle-limits.ts'
import type { Attempt, Proof, Source, Throttle, Throttled } from './throttle.ts'

type DelayKind = 'accountFromNetwork' | 'account' | 'device' | 'codes'
type WindowKind = Exclude<keyof ThrottleLimits, DelayKind>

/** A key in a tally. */
interface Entry {
  readonly tally: Tally
  readonly key: string
}

/** What a throttle is made of. */
export interface StoreThrottle {
  readonly limits: ThrottleLimits
  readonly rateLimits: RateLimits
  /**
   * The first makes the names of the entries: whoever reads the store learns no name that was typed, which may have
   * been a password. Another key begins anew.
   */
  readonly keys: SealingKeys
  /** As in `known-device.ts`. */
  readonly deviceOf: (caller: Source, user: string) => Promise<string | undefined>
}

/**
 * The throttle, on the counters of the store.
 *
 * Whoever comes from a known device is counted there and nowhere else, so that nobody keeps people out of a browser
 * that they used before. All others are counted overall, by network, by account and network, and by account: the
 * widest first, which bounds how many entries strangers can make.
 */
export function storeThrottle({ limits, rateLimits, keys, deviceOf }: StoreThrottle): Throttle {
  const delays = (kind: DelayKind): Tally => growingDelay(rateLimits, limits[kind])
  const windows = (kind: WindowKind): Tally => windowTally(rateLimits, limits[kind])
  const tallies = {
    accountFromNetwork: delays('accountFromNetwork'),
    account: delays('account'),
    device: delays('device'),
    network: windows('network'),
    overall: windows('overall'),
    pending: windows('pending'),
    codes: delays('codes'),
    logins: windows('logins'),
    begun: windows('begun'),
    begunOverall: windows('begunOverall'),
  }
  const entry = (kind: keyof typeof tallies, ...of: readonly string[]): Entry => ({
    tally: tallies[kind],
    key: createHmac('sha256', keys[0]).update(JSON.stringify(of)).digest('base64url'),
  })
  const shared = ({ address }: Source): readonly Entry[] => [
    entry('overall'),
    entry('network', networkOf(address)),
  ]
  const own = (user: string, { address }: Source, device: string | undefined): readonly Entry[] =>
    device === undefined
      ? [entry('accountFromNetwork', user, networkOf(address)), entry('account', user)]
      : [entry('device', user, device)]
  const entriesOf = async ({ user, caller }: Attempt): Promise<readonly Entry[]> => {
    if (user === undefined) return shared(caller)
    const device = await deviceOf(caller, user)
    return [...(device === undefined ? shared(caller) : []), ...own(user, caller, device)]
  }
  const codesOf = ({ user }: Proof, device = ''): Entry => entry('codes', user, device)
  return {
    login: async (attempt) => takeAll(await entriesOf(attempt)),
    async loggedIn(attempt, user) {
      const device = await deviceOf(attempt.caller, user)
      const often = await takeAll([entry('logins', user, device ?? '')])
      if (often.kind === 'wait') return often
      await giveBack(await entriesOf(attempt))
      await Promise.all(own(user, attempt.caller, device).map(({ tally, key }) => tally.forget(key)))
      return GO
    },
    async code(proof) {
      const device = await deviceOf(proof.caller, proof.user)
      return takeAll([entry('pending', proof.digest), codesOf(proof, device)])
    },
    async codeWasGood(proof) {
      const device = await deviceOf(proof.caller, proof.user)
      const { tally, key } = codesOf(proof, device)
      await giveBack([entry('pending', proof.digest)])
      // Elsewhere the tries of strangers are among them, who would begin anew with every login of the owner.
      await (device === undefined ? tally.giveBack(key) : tally.forget(key))
    },
    async codeWasNoGuess(proof) {
      const device = await deviceOf(proof.caller, proof.user)
      await giveBack([entry('pending', proof.digest), codesOf(proof, device)])
    },
    begin: (address) => takeAll([entry('begunOverall'), entry('begun', networkOf(address))]),
  }
}

const GO: Throttled = Object.freeze({ kind: 'go' })

/** Counts in all, or in none: to whoever has to wait for one of them, the others are given back. */
async function takeAll(entries: readonly Entry[]): Promise<Throttled> {
  const waits = await Promise.all(entries.map(({ tally, key }) => tally.look(key)))
  const longest = Math.max(...waits)
  if (longest > 0) return wait(longest)
  for (const [at, { tally, key }] of entries.entries()) {
    const ms = await tally.take(key)
    if (ms === 0) continue
    await giveBack(entries.slice(0, at))
    return wait(ms)
  }
  return GO
}

async function giveBack(entries: readonly Entry[]): Promise<void> {
  await Promise.all(entries.map(({ tally, key }) => tally.giveBack(key)))
}

function wait(ms: number): Throttled {
  return { kind: 'wait', seconds: Math.max(1, Math.ceil(ms / 1000)) }
}
