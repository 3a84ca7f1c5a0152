import { randomUUID } from 'node:crypto'
import type { RevocationReading, RevocationStore, Revoked } from '../auth/revocation.ts'
import { PURGED_AT_ONCE, REVOCATIONS_KEPT_LONGER } from './retention.ts'
import { memberOf, revokedOf } from './revoked-member.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

const UPSERT = `
  INSERT INTO revocations (member, until, epoch) VALUES (:member, :until, :epoch)
  ON CONFLICT DO UPDATE SET epoch = excluded.epoch`

const PURGE = `
  DELETE FROM revocations
  WHERE member IN (SELECT member FROM revocations WHERE until <= ? LIMIT ${PURGED_AT_ONCE})`

/**
 * The live revocation list, in the tables `revocations` and `revocation_state`. Other processes are not told of a
 * change: their readers ask.
 *
 * @param now ms since the epoch; decides only what has ended so long ago that it is removed
 */
export function sqliteRevocations(database: SqliteDatabase, now: () => number): RevocationStore {
  const { durable, write } = database
  const upsert = durable.prepare(UPSERT)
  const purge = durable.prepare(PURGE)
  const raise = durable.prepare('UPDATE revocation_state SET epoch = epoch + 1 RETURNING epoch')
  const recover = durable.prepare(
    'UPDATE revocation_state SET epoch = :epoch, run = :run WHERE epoch < :epoch',
  )
  const known = durable.prepare('SELECT 1 FROM revocations WHERE member = ?')
  const listeners = new Set<() => void>()
  const put = (entries: readonly Revoked[]): void => {
    const epoch = numberIn(raise.get() ?? {}, 'epoch')
    for (const entry of entries) upsert.run({ member: memberOf(entry), until: entry.until, epoch })
    purge.run(now() - REVOCATIONS_KEPT_LONGER)
  }
  const announce = (): void => {
    for (const announced of listeners) announced()
  }
  return {
    async revoke(entries) {
      await write(() => {
        put(entries)
        return true
      })
      announce()
    },
    read: reading(database),
    async restore(entries, epoch) {
      await write(() => {
        const recovered = recover.run({ epoch, run: randomUUID() }).changes === 1
        const lost = entries.filter((entry) => known.get(memberOf(entry)) === undefined)
        if (recovered || lost.length > 0) put(lost)
        return true
      })
      announce()
    },
    subscribe(announced) {
      listeners.add(announced)
      return () => void listeners.delete(announced)
    },
  }
}

/** A transaction, so that the epoch and the entries are of one moment. */
function reading({ durable, answer }: SqliteDatabase): RevocationStore['read'] {
  const state = durable.prepare('SELECT epoch, run FROM revocation_state')
  const since = durable.prepare('SELECT member FROM revocations WHERE epoch > ?')
  return (asked) =>
    answer((): RevocationReading => {
      durable.exec('BEGIN')
      try {
        const row: Row = state.get() ?? {}
        const [epoch, run] = [numberIn(row, 'epoch'), textIn(row, 'run')]
        const entries =
          asked === 0 || epoch > asked
            ? since.all(asked).map((found) => revokedOf(textIn(found, 'member')))
            : []
        return { epoch, run, entries }
      } finally {
        durable.exec('COMMIT')
      }
    })
}
