import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SallyportError } from '../errors.ts'
import { MIGRATIONS, SCHEMA_VERSION } from './sqlite-schema.ts'
import { unavailable } from './unavailable.ts'

/** How long a write waits for another process, in ms. The default of SQLite is not to wait, and to lose the write. */
const BUSY_TIMEOUT = 2_000

/** How often the switch to WAL is tried: it gives up at once when another process switches at the same moment. */
const WAL_ATTEMPTS = 50

/** One database file, opened twice. */
export interface SqliteDatabase {
  /** `synchronous=FULL`: what was committed survives a power cut. For everything that grants or ends a right. */
  readonly durable: DatabaseSync
  /** `synchronous=NORMAL`: a power cut may lose the last writes. For what is only shortened by that. */
  readonly relaxed: DatabaseSync
  /** Runs `work`; whatever goes wrong inside is `STORE_UNAVAILABLE`. */
  answer<T>(work: () => T): Promise<T>
  /**
   * As `answer`, in a transaction that holds the write lock from its first statement (`BEGIN IMMEDIATE`). False from
   * `work` undoes what it wrote.
   */
  write(work: () => boolean): Promise<boolean>
  close(): void
}

/**
 * Opens or creates the database. The file is created 0600 (SQLite gives its `-wal` and `-shm` the same mode), and a
 * missing directory 0700. Several processes may have it open.
 *
 * @throws SallyportError `STORE_UNAVAILABLE`, also for a file that is no database or of a newer Sallyport
 */
export function openSqliteDatabase(path: string): SqliteDatabase {
  const connections: DatabaseSync[] = []
  try {
    create(path)
    const durable = connect(path, 'FULL', connections)
    useWal(durable)
    migrate(durable, path)
    const relaxed = connect(path, 'NORMAL', connections)
    return databaseOf(path, durable, relaxed)
  } catch (error) {
    for (const connection of connections) connection.close()
    throw error instanceof SallyportError ? error : unavailable(`cannot open the database ${path}`, error)
  }
}

function create(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
}

function connect(path: string, synchronous: 'FULL' | 'NORMAL', opened: DatabaseSync[]): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
  opened.push(connection)
  connection.exec(`PRAGMA synchronous = ${synchronous}`)
  return connection
}

function useWal(connection: DatabaseSync): void {
  for (let attempt = 1; ; attempt++) {
    try {
      connection.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (attempt === WAL_ATTEMPTS || !isBusy(error)) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/.test(error.message)
}

function migrate(connection: DatabaseSync, path: string): void {
  inTransaction(connection, () => {
    const version = Number(connection.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > SCHEMA_VERSION)
      throw new SallyportError(
        'STORE_UNAVAILABLE',
        `the database ${path} was written by a newer Sallyport (schema ${version}, this one knows ${SCHEMA_VERSION}): ` +
          'run the newer one, or use another database',
      )
    if (version === SCHEMA_VERSION) return false
    for (const migration of MIGRATIONS.slice(version)) connection.exec(migration)
    connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    return true
  })
}

function databaseOf(path: string, durable: DatabaseSync, relaxed: DatabaseSync): SqliteDatabase {
  const answer = async <T>(work: () => T): Promise<T> => {
    try {
      return work()
    } catch (error) {
      throw unavailable(`the database ${path} does not answer`, error)
    }
  }
  return {
    durable,
    relaxed,
    answer,
    write: (work) => answer(() => inTransaction(durable, work)),
    close() {
      if (relaxed.isOpen) relaxed.close()
      if (durable.isOpen) durable.close()
    },
  }
}

function inTransaction(connection: DatabaseSync, work: () => boolean): boolean {
  connection.exec('BEGIN IMMEDIATE')
  try {
    const done = work()
    connection.exec(done ? 'COMMIT' : 'ROLLBACK')
    return done
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}
