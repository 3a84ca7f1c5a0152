import type { ConfirmationStore, KeptConfirmation } from '../login/confirmation-store.ts'
import { PURGED_AT_ONCE } from './retention.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

const COUNT = `
  SELECT count(*) AS overall, count(*) FILTER (WHERE holder = :holder) AS own, coalesce(sum(bytes), 0) AS bytes
  FROM confirmations WHERE :now < expires_at`

const INSERT = `
  INSERT INTO confirmations (id, call, holder, role, bytes, expires_at, request, args, answer)
  VALUES (:id, :call, :holder, :role, :bytes, :expiresAt, :request, :args, '')
  ON CONFLICT DO NOTHING`

const KEPT = 'SELECT id, request, answer FROM confirmations WHERE :now < expires_at'

const ANSWER = `
  UPDATE confirmations SET answer = :answer, expires_at = :expiresAt
  WHERE id = :id AND answer = '' AND :now < expires_at`

const WAITING_FOR = `${KEPT} AND role = :role AND answer = '' ORDER BY expires_at, id LIMIT :most`

const PURGE = `
  DELETE FROM confirmations
  WHERE id IN (SELECT id FROM confirmations WHERE expires_at <= ? LIMIT ${PURGED_AT_ONCE})`

/** The confirmations, in the table `confirmations`. Durable: a power cut brings none back that was used. */
export function sqliteConfirmations({ durable, answer, write }: SqliteDatabase): ConfirmationStore {
  const [count, insert, purge] = [durable.prepare(COUNT), durable.prepare(INSERT), durable.prepare(PURGE)]
  const endOfCall = durable.prepare('DELETE FROM confirmations WHERE call = :call AND expires_at <= :now')
  const byId = durable.prepare(`${KEPT} AND id = :id`)
  const byCall = durable.prepare(`${KEPT} AND call = :call`)
  const args = durable.prepare('SELECT args FROM confirmations WHERE id = :id AND :now < expires_at')
  const giveAnswer = durable.prepare(ANSWER)
  const remove = durable.prepare(
    'DELETE FROM confirmations WHERE id = :id AND answer = :answer AND :now < expires_at',
  )
  const roles = durable.prepare(
    `SELECT DISTINCT role FROM confirmations WHERE role IS NOT NULL AND answer = '' AND :now < expires_at`,
  )
  const waitingFor = durable.prepare(WAITING_FOR)
  return {
    async open(entry, quota, now) {
      let outcome: Awaited<ReturnType<ConfirmationStore['open']>> = 'full'
      await write(() => {
        purge.run(now)
        endOfCall.run({ call: entry.call, now })
        if (byCall.get({ call: entry.call, now }) !== undefined) outcome = 'there'
        else {
          const bytes = entry.request.length + entry.args.length
          const open = count.get({ holder: entry.holder, now }) ?? {}
          const isFull =
            numberIn(open, 'overall') >= quota.overall ||
            numberIn(open, 'own') >= quota.perHolder ||
            numberIn(open, 'bytes') + bytes > quota.bytes
          if (!isFull) outcome = insert.run({ ...entry, bytes }).changes === 1 ? 'opened' : 'there'
        }
        return true
      })
      return outcome
    },
    find: (id, now) => answer(() => keptIn(byId.get({ id, now }))[0]),
    ofCalls: (calls, now) => answer(() => calls.flatMap((call) => keptIn(byCall.get({ call, now })))),
    argsOf: (id, now) =>
      answer(() => {
        const row = args.get({ id, now })
        return row === undefined ? undefined : textIn(row, 'args')
      }),
    answer: (id, text, expiresAt, now) =>
      answer(() => giveAnswer.run({ id, answer: text, expiresAt, now }).changes === 1),
    take: (answered, now) =>
      write(() => answered.every((one) => remove.run({ id: one.id, answer: one.answer, now }).changes === 1)),
    roles: (now) => answer(() => roles.all({ now }).map((row) => textIn(row, 'role'))),
    waitingFor: (role, most, now) => answer(() => waitingFor.all({ role, most, now }).flatMap(keptIn)),
  }
}

function keptIn(row: Row | undefined): readonly KeptConfirmation[] {
  if (row === undefined) return []
  return [{ id: textIn(row, 'id'), request: textIn(row, 'request'), answer: textIn(row, 'answer') }]
}
