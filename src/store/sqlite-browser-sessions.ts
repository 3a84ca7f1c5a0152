import { Store, type SessionData } from 'express-session'
import { BROWSER_STATE_TTL } from './browser-sessions.ts'
import { PURGED_AT_ONCE } from './retention.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { textIn } from './sqlite-row.ts'

const UPSERT = `
  INSERT INTO browser_sessions (digest, data, expires_at) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`

const PURGE = `
  DELETE FROM browser_sessions
  WHERE digest IN (SELECT digest FROM browser_sessions WHERE expires_at <= ? LIMIT ${PURGED_AT_ONCE})`

/** What express-session keeps, in the table `browser_sessions`. To be wrapped in `BrowserSessions`, which digests ids. */
export function sqliteBrowserSessions(database: SqliteDatabase, now: () => number): Store {
  return new SqliteBrowserSessions(database, now)
}

class SqliteBrowserSessions extends Store {
  readonly #statements: Statements
  readonly #database: SqliteDatabase
  readonly #now: () => number

  constructor(database: SqliteDatabase, now: () => number) {
    super()
    this.#database = database
    this.#now = now
    this.#statements = statementsOf(database)
  }

  override get(digest: string, done: (error: unknown, session?: SessionData | null) => void): void {
    void this.#database
      .answer(() => {
        const row = this.#statements.find.get(digest, this.#now())
        return row === undefined ? null : sessionOf(textIn(row, 'data'))
      })
      .then((session) => done(null, session), done)
  }

  override set(digest: string, session: SessionData, done?: (error?: unknown) => void): void {
    this.#run(done, () => {
      this.#statements.purge.run(this.#now())
      this.#statements.upsert.run(digest, JSON.stringify(session), this.#now() + BROWSER_STATE_TTL)
    })
  }

  override destroy(digest: string, done?: (error?: unknown) => void): void {
    this.#run(done, () => this.#statements.remove.run(digest))
  }

  override touch(digest: string, _session: SessionData, done?: (error?: unknown) => void): void {
    const now = this.#now()
    this.#run(done, () => this.#statements.slide.run(now + BROWSER_STATE_TTL, digest, now))
  }

  #run(done: ((error?: unknown) => void) | undefined, work: () => void): void {
    void this.#database.answer(work).then(() => done?.(), done)
  }
}

function sessionOf(data: string): SessionData {
  const session: unknown = JSON.parse(data)
  if (!isSession(session)) throw new TypeError('what is stored is no browser session')
  return session
}

function isSession(value: unknown): value is SessionData {
  return value instanceof Object && 'cookie' in value && value.cookie instanceof Object
}

type Statements = ReturnType<typeof statementsOf>

function statementsOf({ relaxed }: SqliteDatabase) {
  return {
    find: relaxed.prepare('SELECT data FROM browser_sessions WHERE digest = ? AND expires_at > ?'),
    upsert: relaxed.prepare(UPSERT),
    remove: relaxed.prepare('DELETE FROM browser_sessions WHERE digest = ?'),
    slide: relaxed.prepare('UPDATE browser_sessions SET expires_at = ? WHERE digest = ? AND expires_at > ?'),
    purge: relaxed.prepare(PURGE),
  }
}
