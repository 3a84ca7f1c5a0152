import type { User, Users } from '../login/user.ts'
import { NOBODY } from './nobody.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

/**
 * For nobody a row as for somebody, of as many bytes, so that the time of the answer does not tell them apart (ASVS 5.0,
 * 6.3.8).
 */
const FIND = `
  SELECT users.name IS NOT NULL AS is_there, :name AS name, coalesce(credentials, :nobody) AS credentials,
    coalesce(disabled, 1) AS disabled, coalesce(epoch, 0) AS epoch, coalesce(revision, 0) AS revision,
    coalesce(created_at, 0) AS created_at
  FROM (SELECT 1) LEFT JOIN users ON users.name = :name`

/** The users, in the table `users`. */
export function sqliteUsers({ durable, answer }: SqliteDatabase): Users {
  const byName = durable.prepare(FIND)
  const all = durable.prepare('SELECT * FROM users ORDER BY name')
  const insert = durable.prepare(
    'INSERT INTO users (name, credentials, disabled, epoch, revision, created_at) ' +
      'VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = durable.prepare(
    'UPDATE users SET credentials = ?, epoch = epoch + ?, revision = revision + 1 WHERE name = ? AND revision = ?',
  )
  const setDisabled = durable.prepare(
    'UPDATE users SET disabled = ?, epoch = MAX(epoch, ?) + 1 WHERE name = ? RETURNING epoch',
  )
  return {
    find: (name) =>
      answer(() => {
        const row = byName.get({ name, nobody: NOBODY }) ?? {}
        const user = userOf(row)
        return numberIn(row, 'is_there') === 1 ? user : undefined
      }),
    create: ({ name, credentials, disabled, epoch, revision, createdAt }) =>
      answer(() => insert.run(name, credentials, disabled ? 1 : 0, epoch, revision, createdAt).changes === 1),
    update: (name, { credentials, endSessions }, expected) =>
      answer(() => update.run(credentials, endSessions ? 1 : 0, name, expected).changes === 1),
    setDisabled: (name, disabled, above = 0) =>
      answer(() => {
        const row = setDisabled.get(disabled ? 1 : 0, above, name)
        return row === undefined ? undefined : numberIn(row, 'epoch')
      }),
    list: () => answer(() => all.all().map(userOf)),
  }
}

function userOf(row: Row): User {
  return Object.freeze({
    name: textIn(row, 'name'),
    credentials: textIn(row, 'credentials'),
    disabled: numberIn(row, 'disabled') !== 0,
    epoch: numberIn(row, 'epoch'),
    revision: numberIn(row, 'revision'),
    createdAt: numberIn(row, 'created_at'),
  })
}
