import type { DeviceLogins, DevicePace, Polled } from '../login/device-store.ts'
import { PURGED_AT_ONCE } from './retention.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

const COUNT = `
  SELECT count(*) AS overall, count(*) FILTER (WHERE network = :network) AS own
  FROM device_logins WHERE :now < expires_at`

const INSERT = `
  INSERT INTO device_logins (device, code, network, request, answer, expires_at, slowed, polled_at)
  VALUES (:device, :code, :network, :request, '', :expiresAt, 0, 0)
  ON CONFLICT DO NOTHING`

const WAITING = `
  SELECT device, request FROM device_logins
  WHERE code = :code AND answer = '' AND :now < expires_at`

const ANSWER = `
  UPDATE device_logins SET answer = :answer
  WHERE code = :code AND answer = '' AND :now < expires_at`

/** One statement, so that of any number at once one gets the answer. Durable: a power cut does not bring it back. */
const TAKE = `
  DELETE FROM device_logins
  WHERE device = :device AND answer <> '' AND :now < expires_at
  RETURNING request, answer`

const PURGE = `
  DELETE FROM device_logins
  WHERE device IN (SELECT device FROM device_logins WHERE expires_at <= ? LIMIT ${PURGED_AT_ONCE})`

/** The logins that devices ask for, in the table `device_logins`. */
export function sqliteDevices(database: SqliteDatabase): DeviceLogins {
  const { durable, answer, write } = database
  const [waiting, giveAnswer] = [durable.prepare(WAITING), durable.prepare(ANSWER)]
  const [count, insert, purge] = [durable.prepare(COUNT), durable.prepare(INSERT), durable.prepare(PURGE)]
  const poll = polling(database)
  return {
    async open(entry, quota, now) {
      let outcome: Awaited<ReturnType<DeviceLogins['open']>> = 'full'
      await write(() => {
        purge.run(now)
        const open = count.get({ network: entry.network, now }) ?? {}
        if (numberIn(open, 'overall') >= quota.overall || numberIn(open, 'own') >= quota.perNetwork)
          return true
        outcome = insert.run({ ...entry }).changes === 1 ? 'opened' : 'taken'
        return true
      })
      return outcome
    },
    waiting: (code, now) =>
      answer(() => {
        const row = waiting.get({ code, now })
        return row === undefined
          ? undefined
          : { device: textIn(row, 'device'), request: textIn(row, 'request') }
      }),
    answer: (code, text, now) => answer(() => giveAnswer.run({ code, answer: text, now }).changes === 1),
    poll,
  }
}

function polling({ durable, write }: SqliteDatabase): DeviceLogins['poll'] {
  const take = durable.prepare(TAKE)
  const find = durable.prepare(
    'SELECT slowed, polled_at FROM device_logins WHERE device = :device AND :now < expires_at',
  )
  const note = durable.prepare(
    'UPDATE device_logins SET polled_at = :now, slowed = :slowed WHERE device = :device',
  )
  return async (device, pace, now) => {
    let polled: Polled = { kind: 'unknown' }
    await write(() => {
      const taken = take.get({ device, now })
      if (taken !== undefined) polled = answeredIn(taken)
      const row = taken === undefined ? find.get({ device, now }) : undefined
      if (row === undefined) return true
      const isEarly = now < nextPoll(row, pace)
      note.run({ device, now, slowed: numberIn(row, 'slowed') + (isEarly ? 1 : 0) })
      polled = { kind: isEarly ? 'too_fast' : 'waiting' }
      return true
    })
    return polled
  }
}

function answeredIn(row: Row): Polled {
  return { kind: 'answered', request: textIn(row, 'request'), answer: textIn(row, 'answer') }
}

function nextPoll(row: Row, { interval, step, most, tolerance }: DevicePace): number {
  return numberIn(row, 'polled_at') + Math.min(interval + numberIn(row, 'slowed') * step, most) - tolerance
}
