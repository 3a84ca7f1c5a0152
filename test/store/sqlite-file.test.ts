import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { Cookie } from 'express-session'
import { slotOf } from '../../src/auth/session-token.ts'
import type { Revoked } from '../../src/auth/revocation.ts'
import { isSallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { MIGRATIONS } from '../../src/store/sqlite-schema.ts'
import type { Store } from '../../src/store/store.ts'
import { newSession, newUser } from '../support/session-records.ts'

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
})
after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

const opened = (name: string, now: () => number = Date.now): Promise<Store> =>
  openStore(`sqlite:${join(directory, name)}`, { now, slotOf })
const isUnavailable = (pattern: RegExp) => (error: unknown) =>
  isSallyportError(error, 'STORE_UNAVAILABLE') && pattern.test(error.message)

test('the file, its companions and a new directory are for the owner alone', async () => {
  const store = await opened('new/deep/store.db')
  await store.users.create(newUser())
  const made = await readdir(join(directory, 'new/deep'))
  assert.deepEqual(made.toSorted(), ['store.db', 'store.db-shm', 'store.db-wal'])
  for (const file of made)
    assert.equal((await stat(join(directory, 'new/deep', file))).mode & 0o777, 0o600, file)
  for (const path of ['new', 'new/deep'])
    assert.equal((await stat(join(directory, path))).mode & 0o777, 0o700, path)
  await store.close()
})

test('what was written is there after closing and opening again', async () => {
  const user = newUser()
  const first = await opened('again.db')
  await first.users.create(user)
  await first.close()
  await first.close()
  const second = await opened('again.db')
  assert.deepEqual(await second.users.find(user.name), user)
  await second.close()
})

test('a database of a newer schema is refused and stays as it is', async () => {
  const path = join(directory, 'newer.db')
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 6')
  database.close()
  await assert.rejects(opened('newer.db'), isUnavailable(/newer Sallyport \(schema 6, this one knows 5\)/))
  const same = new DatabaseSync(path)
  assert.deepEqual(same.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'], 0)
  same.close()
})

test('a database of an older schema is brought up, with what is in it', async () => {
  const path = join(directory, 'older.db')
  const database = new DatabaseSync(path)
  database.exec(MIGRATIONS[0] ?? '')
  database.exec('PRAGMA user_version = 1')
  database.exec(`INSERT INTO users VALUES ('alice', 'x', NULL, 0, 0, 1)`)
  database.close()
  const entry: Revoked = { kind: 'certificate', issuer: 'ab'.repeat(32), serial: '01', until: Date.now() }
  const [first, second] = await Promise.all([opened('older.db'), opened('older.db')])
  assert.equal((await first.users.find('alice'))?.createdAt, 1)
  await first.revocations.revoke([entry])
  const reading = await second.revocations.read(0)
  assert.deepEqual([reading.epoch, reading.entries], [1, [entry]])
  await Promise.all([first.close(), second.close()])
})

test('every database has a run of its own', async () => {
  const stores = await Promise.all([opened('run-1.db'), opened('run-2.db')])
  const [one, other] = await Promise.all(stores.map(async ({ revocations }) => revocations.read(0)))
  assert.notEqual(one?.run, other?.run)
  await Promise.all(stores.map(async (store) => store.close()))
})

test('a file that is no database is refused and stays as it is', async () => {
  const text = 'this is not a database, but somebody else’s file. '.repeat(200)
  await writeFile(join(directory, 'text.db'), text)
  await assert.rejects(opened('text.db'), isUnavailable(/text\.db/))
  assert.equal(await readFile(join(directory, 'text.db'), 'utf8'), text)
})

test('a path that cannot be written is refused', async () => {
  await writeFile(join(directory, 'file'), '')
  await assert.rejects(opened('file/store.db'), isUnavailable(/cannot open the database/))
})

test('a closed store is unavailable', async () => {
  const store = await opened('closed.db')
  await store.close()
  await assert.rejects(store.ping(), isUnavailable(/does not answer/))
  await assert.rejects(store.users.find('alice'), isUnavailable(/does not answer/))
})

test('rights are written durably, slides are not waited for', () => {
  const database = openSqliteDatabase(join(directory, 'pragmas.db'))
  const pragma = (connection: DatabaseSync, name: string): unknown =>
    connection.prepare(`PRAGMA ${name}`).get()?.[name]
  assert.equal(pragma(database.durable, 'journal_mode'), 'wal')
  assert.equal(pragma(database.durable, 'synchronous'), 2)
  assert.equal(pragma(database.relaxed, 'synchronous'), 1)
  database.close()
})

test('a write that another process holds up is given up in time, and reading goes on', async () => {
  const store = await opened('busy.db')
  const user = newUser()
  await store.users.create(user)
  const blocker = new DatabaseSync(join(directory, 'busy.db'))
  blocker.exec('BEGIN IMMEDIATE')
  const started = performance.now()
  await assert.rejects(store.sessions.endAll(user.name), isUnavailable(/locked/))
  const waited = performance.now() - started
  assert.ok(waited > 1_500 && waited < 5_000, `${waited} ms`)
  assert.deepEqual(await store.users.find(user.name), user)
  blocker.exec('ROLLBACK')
  blocker.close()
  await store.sessions.endAll(user.name)
  assert.equal((await store.users.find(user.name))?.epoch, 1)
  await store.close()
})

test('a transaction holds the write lock from its first statement, so that what it read stays true', async () => {
  const path = join(directory, 'lock.db')
  const database = openSqliteDatabase(path)
  const other = new DatabaseSync(path)
  const raise = other.prepare('UPDATE users SET epoch = epoch + 1')
  await database.write(() => {
    assert.throws(() => raise.run(), /locked/)
    return true
  })
  raise.run()
  other.close()
  database.close()
})

test('neither a token nor the id of a browser session is in the files', async () => {
  const now = Date.now()
  const store = await opened('secrets.db')
  const user = newUser()
  await store.users.create(user)
  const session = newSession(user, now)
  await store.sessions.open(session.record, now + 1_000, undefined, now, 20)
  await new Promise<void>((resolve, reject) =>
    store.browserSessions.set(session.token, { cookie: new Cookie() }, (error) =>
      error ? reject(error) : resolve(),
    ),
  )
  const files = (await readdir(directory)).filter((name) => name.startsWith('secrets.db'))
  const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(directory, name)))))
  assert.ok(bytes.indexOf(session.digest) >= 0)
  assert.equal(bytes.indexOf(session.token.slice(9)), -1)
  await store.close()
})

test('what has run out is removed when something new is written', async () => {
  const start = 1_763_712_000_000
  let now = start
  const store = await opened('old.db', () => now)
  const user = newUser()
  await store.users.create(user)
  const login = async (): Promise<void> => {
    const session = newSession(user, now)
    assert.ok(await store.sessions.open(session.record, now + 1_000, undefined, now, 20))
    await new Promise<void>((resolve) =>
      store.browserSessions.set(session.token, { cookie: new Cookie() }, () => resolve()),
    )
  }
  for (let at = 0; at < 5; at++) await login()
  now = start + 25 * 60 * 60 * 1_000
  await login()
  await store.close()
  const database = new DatabaseSync(join(directory, 'old.db'))
  for (const table of ['sessions', 'browser_sessions'])
    assert.equal(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'], 1, table)
  database.close()
})

test('the state of a browser ends a day after its last use', async () => {
  const day = 24 * 60 * 60 * 1_000
  const start = 1_763_712_000_000
  let now = start
  const store = await opened('browser.db', () => now)
  const state = { cookie: new Cookie() }
  const isThere = (): Promise<boolean> =>
    new Promise((resolve, reject) =>
      store.browserSessions.get('id', (error, found) => (error ? reject(error) : resolve(Boolean(found)))),
    )
  await new Promise<void>((resolve) => store.browserSessions.set('id', state, () => resolve()))
  now = start + day - 1
  assert.equal(await isThere(), true)
  await new Promise<void>((resolve) => store.browserSessions.touch?.('id', state, resolve))
  now += day - 1
  assert.equal(await isThere(), true)
  now += 1
  assert.equal(await isThere(), false)
  await new Promise<void>((resolve) => store.browserSessions.touch?.('id', state, resolve))
  assert.equal(await isThere(), false)
  await store.close()
})

test('several processes make one database at the same time, and of all their creations one succeeds', async () => {
  const script = `
    const { openStore } = await import(${JSON.stringify(import.meta.resolve('../../src/store/open.ts'))})
    const store = await openStore(process.argv[1], { now: Date.now, slotOf: () => '0000' })
    const user = { name: 'alice', credentials: 'x', disabled: false, epoch: 0, revision: 0, createdAt: 1 }
    let created = 0
    let written = 0
    for (let at = 0; at < 10; at++) {
      if (await store.users.create(user)) created++
      await store.sessions.endAll('alice')
    }
    for (let at = 0; at < 200; at++) {
      const note = { id: 'n-' + process.pid + '-' + at, text: 'x', author: 'user:alice', updatedAt: 1 }
      if (await store.notes.write(note, { notes: 613, bytes: 1000 })) written++
    }
    await store.close()
    console.log(JSON.stringify([created, written]))`
  const location = `sqlite:${join(directory, 'several.db')}`
  const results = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, location], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const chunks: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
      const [code] = (await once(child, 'close')) as [number | null]
      assert.equal(code, 0)
      return JSON.parse(Buffer.concat(chunks).toString()) as [number, number]
    }),
  )
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  assert.equal(sum(results.map(([created]) => created)), 1)
  assert.equal(sum(results.map(([, written]) => written)), 613)
  const store = await opened('several.db')
  const epoch = (await store.users.find('alice'))?.epoch ?? 0
  assert.ok(epoch >= 30 && epoch <= 40, `every raise of the epoch counts: ${epoch}`)
  await store.close()
})
