import type { User, Users } from '../login/user.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, numberOrNullIn, textIn, type Row } from './sqlite-row.ts'

/** The users, in the table `users`. */
export function sqliteUsers({ durable, answer }: SqliteDatabase): Users {
  const byName = durable.prepare('SELECT * FROM users WHERE name = ?')
  const all = durable.prepare('SELECT * FROM users ORDER BY name')
  const insert = durable.prepare(
    'INSERT INTO users (name, password_hash, one_time_until, disabled, epoch, created_at) ' +
      'VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = durable.prepare(
    'UPDATE users SET password_hash = ?, one_time_until = ?, epoch = epoch + 1 WHERE name = ? AND epoch = ?',
  )
  return {
    find: (name) =>
      answer(() => {
        const row = byName.get(name)
        return row === undefined ? undefined : userOf(row)
      }),
    create: ({ name, passwordHash, oneTimeUntil, disabled, epoch, createdAt }) =>
      answer(
        () => insert.run(name, passwordHash, oneTimeUntil, disabled ? 1 : 0, epoch, createdAt).changes === 1,
      ),
    setPassword: (name, passwordHash, oneTimeUntil, expectedEpoch) =>
      answer(() => update.run(passwordHash, oneTimeUntil, name, expectedEpoch).changes === 1),
    list: () => answer(() => all.all().map(userOf)),
  }
}

function userOf(row: Row): User {
  return Object.freeze({
    name: textIn(row, 'name'),
    passwordHash: textIn(row, 'password_hash'),
    oneTimeUntil: numberOrNullIn(row, 'one_time_until'),
    disabled: numberIn(row, 'disabled') !== 0,
    epoch: numberIn(row, 'epoch'),
    createdAt: numberIn(row, 'created_at'),
  })
}
