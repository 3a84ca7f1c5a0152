import type { User, Users } from '../login/user.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

/** The users, in the table `users`. */
export function sqliteUsers({ durable, answer }: SqliteDatabase): Users {
  const byName = durable.prepare('SELECT * FROM users WHERE name = ?')
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
        const row = byName.get(name)
        return row === undefined ? undefined : userOf(row)
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
