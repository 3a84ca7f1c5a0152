import { revocationName, strongerRevocation, type RevocationStore, type Revoked } from './auth/revocation.ts'
import { SallyportError } from './errors.ts'

/** All revocations that this node has seen and that still matter. */
export interface RevocationJournal {
  /** The epoch up to which everything was read. */
  readonly epoch: number
  /** What is known under a name (`revocationName`). */
  get(name: string): Revoked | undefined
  /**
   * Reads what is new. If the store may have lost something (another run, or an epoch that fell), everything is read
   * anew, and what was lost is put back before this resolves.
   *
   * Fails closed: nothing that was seen is ever taken back before it ends by itself, but for a disabled user who is
   * enabled under a higher epoch. Rejects with `STORE_UNAVAILABLE`; what could be read until then counts all the same.
   *
   * @param now ms since the epoch
   */
  catchUp(now: number): Promise<void>
}

/** How often in a row what was lost is put back, before the store counts as unavailable. */
const ATTEMPTS = 3

/** @param onRevoked told at once of what was not known before */
export function revocationJournal(
  store: RevocationStore,
  onRevoked: (entries: readonly Revoked[]) => void,
): RevocationJournal {
  const known = new Map<string, Revoked>()
  let epoch = 0
  let run: string | undefined
  const take = (entries: readonly Revoked[], now: number): void => {
    const added = merge(
      known,
      entries.filter(({ until }) => now < until),
    )
    if (added.length > 0) onRevoked(added)
  }
  const forgetEnded = (now: number): void => {
    for (const [name, { until }] of known) if (now >= until) known.delete(name)
  }
  const readAnew = async (now: number): Promise<void> => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const whole = await store.read(0)
      take(whole.entries, now)
      const there = new Map<string, Revoked>()
      merge(there, whole.entries)
      const lost = merge(there, [...known.values()])
      if (lost.length === 0 && whole.epoch >= epoch) {
        ;({ epoch, run } = whole)
        return
      }
      await store.restore(lost, epoch)
    }
    throw new SallyportError('STORE_UNAVAILABLE', 'the store keeps losing its revocation list')
  }
  return {
    get epoch() {
      return epoch
    },
    get: (name) => known.get(name),
    async catchUp(now) {
      forgetEnded(now)
      if (run === undefined) return readAnew(now)
      const reading = await store.read(epoch)
      take(reading.entries, now)
      if (reading.run === run && reading.epoch >= epoch) epoch = reading.epoch
      else await readAnew(now)
    },
  }
}

/** Adds entries to those that are known, and returns which are new or stronger for it. */
function merge(known: Map<string, Revoked>, entries: readonly Revoked[]): readonly Revoked[] {
  const raised = new Set<string>()
  for (const entry of entries) {
    const name = revocationName(entry)
    const before = known.get(name)
    const after = before === undefined ? entry : strongerRevocation(before, entry)
    if (after === before) continue
    known.set(name, after)
    raised.add(name)
  }
  return [...raised].flatMap((name) => known.get(name) ?? [])
}
