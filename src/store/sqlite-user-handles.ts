import type { UserHandles } from '../login/user-handles.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { textIn } from './sqlite-row.ts'

const CLAIM =
  'INSERT INTO user_handles (handle, user) VALUES (?, ?) ON CONFLICT (handle) DO UPDATE SET user = excluded.user'

/** Whose handle it is, in the table `user_handles`. */
export function sqliteUserHandles({ durable, answer }: SqliteDatabase): UserHandles {
  const claim = durable.prepare(CLAIM)
  const byHandle = durable.prepare('SELECT user FROM user_handles WHERE handle = ?')
  return {
    claim: (handle, user) => answer(() => void claim.run(handle, user)),
    userOf: (handle) =>
      answer(() => {
        const row = byHandle.get(handle)
        return row === undefined ? undefined : textIn(row, 'user')
      }),
  }
}
