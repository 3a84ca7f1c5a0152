import { revocationName, type RevocationStore, type RevokedCertificate } from './auth/revocation.ts'
import { SallyportError } from './errors.ts'

/** All revocations that this node has seen and that still matter. */
export interface RevocationJournal {
  /** The epoch up to which everything was read. */
  readonly epoch: number
  /** Whether a certificate of this name was revoked. */
  has(name: string): boolean
  /**
   * Reads what is new. If the store may have lost something (another run, or an epoch that fell), everything is read
   * anew, and what was lost is put back before this resolves.
   *
   * Fails closed: nothing that was seen is ever taken back before the certificate ends by itself. Rejects with
   * `STORE_UNAVAILABLE`; what could be read until then counts all the same.
   *
   * @param now ms since the epoch
   */
  catchUp(now: number): Promise<void>
}

/** How often in a row what was lost is put back, before the store counts as unavailable. */
const ATTEMPTS = 3

/** @param onRevoked told at once of revocations that were not known before */
export function revocationJournal(store: RevocationStore, onRevoked: () => void): RevocationJournal {
  const known = new Map<string, RevokedCertificate>()
  let epoch = 0
  let run: string | undefined
  const take = (entries: readonly RevokedCertificate[], now: number): void => {
    const size = known.size
    for (const entry of entries) {
      const name = revocationName(entry)
      const until = Math.max(entry.until, known.get(name)?.until ?? 0)
      if (now < until) known.set(name, { ...entry, until })
    }
    if (known.size > size) onRevoked()
  }
  const forgetEnded = (now: number): void => {
    for (const [name, { until }] of known) if (now >= until) known.delete(name)
  }
  const readAnew = async (now: number): Promise<void> => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const whole = await store.read(0)
      take(whole.entries, now)
      const there = new Set(whole.entries.map(revocationName))
      const lost = [...known].flatMap(([name, entry]) => (there.has(name) ? [] : [entry]))
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
    has: (name) => known.has(name),
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
