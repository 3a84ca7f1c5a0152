import { BrowserSessions } from './browser-sessions.ts'
import { sqliteBrowserSessions } from './sqlite-browser-sessions.ts'
import { openSqliteDatabase } from './sqlite-database.ts'
import { sqliteConfirmations } from './sqlite-confirmations.ts'
import { sqliteDevices } from './sqlite-devices.ts'
import { sqliteHistories } from './sqlite-histories.ts'
import { sqliteNotes } from './sqlite-notes.ts'
import { sqliteRateLimits } from './sqlite-rate-limits.ts'
import { sqliteRevocations } from './sqlite-revocations.ts'
import { sqliteSecrets } from './sqlite-secrets.ts'
import { sqliteSessions } from './sqlite-sessions.ts'
import { sqliteUserHandles } from './sqlite-user-handles.ts'
import { sqliteUsers } from './sqlite-users.ts'
import type { Store, StoreOptions } from './store.ts'

/**
 * The store for one machine: one file, for any number of processes.
 *
 * @throws SallyportError `STORE_UNAVAILABLE` as {@link openSqliteDatabase}
 */
export function openSqliteStore(path: string, options: StoreOptions): Store {
  const database = openSqliteDatabase(path)
  const version = database.durable.prepare('PRAGMA user_version')
  return {
    users: sqliteUsers(database),
    sessions: sqliteSessions(database),
    handles: sqliteUserHandles(database),
    devices: sqliteDevices(database),
    confirmations: sqliteConfirmations(database),
    histories: sqliteHistories(database),
    rateLimits: sqliteRateLimits(database, options.now),
    notes: sqliteNotes(database),
    secrets: sqliteSecrets(database),
    revocations: sqliteRevocations(database, options.now),
    browserSessions: new BrowserSessions(sqliteBrowserSessions(database, options.now)),
    ping: () => database.answer(() => void version.get()),
    close: async () => database.close(),
  }
}
