import type { LiveSession, SessionRecord } from '../auth/session-record.ts'
import type { EndedSession, SessionStore } from '../login/session-store.ts'
import { PURGED_AT_ONCE } from './retention.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, numberOrNullIn, textIn, type Row } from './sqlite-row.ts'
import { methodsOf, pendingOf } from './stored-words.ts'

/** One statement, so that nothing can end the session between the check and the slide. It cannot insert. */
const VALIDATE = `
  UPDATE sessions
  SET idle_expires_at = max(idle_expires_at, min(:now + idle_timeout, expires_at)),
      last_seen_at = max(last_seen_at, :now)
  FROM users
  WHERE sessions.digest = :digest
    AND :now < sessions.idle_expires_at AND :now < sessions.expires_at
    AND users.name = sessions.user AND users.disabled = 0 AND users.epoch = sessions.epoch
  RETURNING *`

/** As {@link VALIDATE}, and changes nothing. */
const LOOK = `
  SELECT sessions.* FROM sessions, users
  WHERE sessions.digest = :digest AND users.name = sessions.user
    AND :now < sessions.idle_expires_at AND :now < sessions.expires_at
    AND users.disabled = 0 AND users.epoch = sessions.epoch`

const LIST = `
  SELECT sessions.* FROM sessions, users
  WHERE sessions.user = :user AND users.name = sessions.user
    AND :now < sessions.idle_expires_at AND :now < sessions.expires_at
    AND users.disabled = 0 AND users.epoch = sessions.epoch
  ORDER BY sessions.created_at DESC, sessions.digest DESC`

const INSERT = `
  INSERT INTO sessions (digest, user, epoch, created_at, authenticated_at, mfa_at,
    authentication_methods, binding, pending, idle_timeout, expires_at, label, address, user_agent, mac, idle_expires_at, last_seen_at)
  VALUES (:digest, :user, :epoch, :createdAt, :authenticatedAt, :mfaAt,
    :methods, :binding, :pending, :idleTimeout, :expiresAt, :label, :address, :userAgent, :mac, min(:idleExpiresAt, :expiresAt), :now)
  ON CONFLICT DO NOTHING`

/** Of the record's epoch, or of the one before it: that is what a password change has just ended. */
const REPLACE = `
  DELETE FROM sessions
  WHERE digest = :digest AND user = :user AND epoch BETWEEN :epoch - 1 AND :epoch
    AND :now < idle_expires_at AND :now < expires_at
  RETURNING digest, expires_at`

/** What is not live any more; so a user never has more rows than twice the most. */
const TIDY = `
  DELETE FROM sessions
  WHERE user = :user AND (epoch <> :epoch OR :now >= idle_expires_at OR :now >= expires_at)`

/** The oldest of a kind, beyond the most that there may be. */
const CUT = `
  DELETE FROM sessions WHERE digest IN (
    SELECT digest FROM sessions
    WHERE user = :user AND (pending IS NULL) = :isComplete
    ORDER BY created_at DESC, digest DESC LIMIT -1 OFFSET :others)
  RETURNING digest, expires_at`

const PURGE = `
  DELETE FROM sessions
  WHERE digest IN (SELECT digest FROM sessions WHERE expires_at <= ? LIMIT ${PURGED_AT_ONCE})`

/** The session records, in the table `sessions`. The slot tag means nothing here. */
export function sqliteSessions(database: SqliteDatabase): SessionStore {
  const { durable, relaxed, answer } = database
  const validate = relaxed.prepare(VALIDATE)
  const look = relaxed.prepare(LOOK)
  const end = durable.prepare('DELETE FROM sessions WHERE digest = ?')
  const raise = durable.prepare('UPDATE users SET epoch = epoch + 1 WHERE name = ? RETURNING epoch')
  const list = relaxed.prepare(LIST)
  return {
    validate: (digest, _slot, now, use = 'use') =>
      answer(() => {
        const row = (use === 'use' ? validate : look).get({ digest, now })
        return row === undefined ? undefined : liveSessionOf(row)
      }),
    open: opening(database),
    end: (digest) => answer(() => end.run(digest).changes === 1),
    endAll: (user) =>
      answer(() => {
        const row = raise.get(user)
        return row === undefined ? undefined : numberIn(row, 'epoch')
      }),
    list: (user, now) => answer(() => list.all({ user, now }).flatMap((row) => liveSessionOf(row) ?? [])),
  }
}

function opening(database: SqliteDatabase): SessionStore['open'] {
  const { durable } = database
  const admits = durable.prepare('SELECT 1 FROM users WHERE name = ? AND disabled = 0 AND epoch = ?')
  const insert = durable.prepare(INSERT)
  insert.setAllowUnknownNamedParameters(true)
  const replace = durable.prepare(REPLACE)
  const tidy = durable.prepare(TIDY)
  const cut = durable.prepare(CUT)
  const purge = durable.prepare(PURGE)
  return async (record, idleExpiresAt, replaces, now, most, mayDisplace = true) => {
    const { authenticationMethods, ...fields } = record
    const { user, epoch, pending } = record
    let ended: readonly EndedSession[] = []
    const isOpen = await database.write(() => {
      if (now >= Math.min(idleExpiresAt, record.expiresAt)) return false
      if (admits.get(user, epoch) === undefined) return false
      const replaced = replaces === undefined ? [] : replace.all({ digest: replaces, user, epoch, now })
      if (replaces !== undefined && replaced.length === 0) return false
      tidy.run({ user, epoch, now })
      // Before the new one is there, which so is never the one that ends.
      const cutOff = cut.all({ user, isComplete: pending === null ? 1 : 0, others: most - 1 })
      if (cutOff.length > 0 && !mayDisplace) return false
      ended = [...replaced, ...cutOff].map(endedOf)
      const methods = authenticationMethods.join(' ')
      if (insert.run({ ...fields, methods, idleExpiresAt, now }).changes !== 1) return false
      purge.run(now)
      return true
    })
    return isOpen ? ended : undefined
  }
}

function endedOf(row: Row): EndedSession {
  return { digest: textIn(row, 'digest'), expiresAt: numberIn(row, 'expires_at') }
}

function liveSessionOf(row: Row): LiveSession | undefined {
  const pending = pendingOf(row['pending'] === null ? null : textIn(row, 'pending'))
  const authenticationMethods = methodsOf(textIn(row, 'authentication_methods'))
  if (pending === undefined || authenticationMethods === undefined) return undefined
  const record: SessionRecord = Object.freeze({
    digest: textIn(row, 'digest'),
    user: textIn(row, 'user'),
    epoch: numberIn(row, 'epoch'),
    createdAt: numberIn(row, 'created_at'),
    authenticatedAt: numberIn(row, 'authenticated_at'),
    mfaAt: numberOrNullIn(row, 'mfa_at'),
    authenticationMethods,
    binding: row['binding'] === null ? null : textIn(row, 'binding'),
    pending,
    idleTimeout: numberIn(row, 'idle_timeout'),
    expiresAt: numberIn(row, 'expires_at'),
    label: textIn(row, 'label'),
    address: textIn(row, 'address'),
    userAgent: textIn(row, 'user_agent'),
    mac: textIn(row, 'mac'),
  })
  return Object.freeze({
    record,
    idleExpiresAt: numberIn(row, 'idle_expires_at'),
    lastSeenAt: numberIn(row, 'last_seen_at'),
  })
}
