import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { newSessionToken } from '../../src/auth/session-token.ts'
import { onlySession } from '../../src/cli/only-session.ts'
import {
  forgetSession,
  keepSession,
  keptSession,
  keptSessions,
  sessionFile,
  type KeptSession,
} from '../../src/cli/session-file.ts'
import { isSallyportError } from '../../src/errors.ts'
import { findProgram } from '../support/ensure.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const SERVER = 'https://door.example:8444'

interface Folder {
  readonly env: { readonly XDG_CONFIG_HOME: string }
  readonly file: string
  readonly session: KeptSession
}

/** With one session in it. */
async function folder(t: TestContext, server: string = SERVER): Promise<Folder> {
  const env = { XDG_CONFIG_HOME: await temporaryDirectory(t) }
  const session = {
    server,
    ca: null,
    user: 'alice',
    token: newSessionToken('alice'),
    expiresAt: '2026-11-21T20:00:00.000Z',
  }
  const file = await keepSession(session, env)
  return { env, file, session }
}

const unfit = (words: RegExp) => (error: unknown) =>
  isSallyportError(error, 'CONFIGURATION_INVALID') && words.test(error.message) && !/sps_/.test(error.message)

test('a session comes back as it was kept, for its server alone', async (t) => {
  const { env, file, session } = await folder(t)
  assert.deepEqual(await keptSession(SERVER, env), session)
  assert.equal(await keptSession('https://door.example', env), undefined)
  assert.equal(await keptSession('https://other.example:8444', env), undefined)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal((await stat(join(file, '..'))).mode & 0o777, 0o700)
  const next = { ...session, user: 'bob', token: newSessionToken('bob') }
  assert.equal(await keepSession(next, env), file)
  assert.deepEqual(await keptSession(SERVER, env), next)
  assert.equal((await readdir(join(file, '..'))).length, 1)
  assert.deepEqual([await forgetSession(SERVER, env), await forgetSession(SERVER, env)], [true, false])
})

test('each server has a file of its own inside the folder, whatever it is called', async (t) => {
  const { env } = await folder(t)
  const servers = [
    'https://[::1]:8444',
    'https://a.b:1',
    'https://a.b:443',
    'https://..:1',
    'https://xn--bcher-kva.example',
  ]
  const files = servers.map((server) => sessionFile(server, env))
  assert.equal(new Set(files).size, servers.length)
  for (const file of files) assert.match(file, /\/sallyport\/sessions\/[a-z0-9._-]+_[0-9]+\.json$/)
})

test('a session that others can read is not used', async (t) => {
  const { env, file } = await folder(t)
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    await chmod(file, mode)
    await assert.rejects(
      keptSession(SERVER, env),
      unfit(/open to others than its owner \(mode 6\d\d\): run "chmod 600/),
    )
  }
})

test('what is no session of ours is not used', async (t) => {
  const { env, file } = await folder(t)
  const text = await readFile(file, 'utf8')
  const spoilt = [
    text.slice(0, -20),
    text.replace('"version": 1', '"version": 2'),
    text.replace(/sps_\w{4}/, 'sps_zzzz'),
    text.replace('"user"', '"admin": true, "user"'),
    `${text}${' '.repeat(2_000_000)}`,
    '',
    'null',
  ]
  for (const content of spoilt) {
    assert.notEqual(content, text)
    await writeFile(file, content)
    await assert.rejects(
      keptSession(SERVER, env),
      unfit(/(is no session as "sallyport login" keeps one|is too long): remove it, and log in again/),
    )
  }
})

test('a file that was moved to the name of another server is of no use there', async (t) => {
  const { env, file } = await folder(t)
  const other = 'https://evil.example:8444'
  await writeFile(sessionFile(other, env), await readFile(file, 'utf8'), { mode: 0o600 })
  await assert.rejects(
    keptSession(other, env),
    unfit(/is of another server \(https:\/\/door\.example:8444\)/),
  )
})

test('links, folders and pipes are not followed or waited for, and what is kept next replaces them', async (t) => {
  const { env, file, session } = await folder(t)
  const target = join(env.XDG_CONFIG_HOME, 'target')
  await writeFile(target, await readFile(file, 'utf8'), { mode: 0o600 })
  await rm(file)
  await symlink(target, file)
  await assert.rejects(keptSession(SERVER, env), unfit(/is a link: remove it/))
  await keepSession(session, env)
  assert.deepEqual(await keptSession(SERVER, env), session)
  await rm(file)
  await mkdir(file)
  await assert.rejects(keptSession(SERVER, env), unfit(/is no file|cannot be read/))
  await keepSession(session, env)
  assert.deepEqual(await keptSession(SERVER, env), session)
  await rm(file)
  execFileSync(findProgram('mkfifo') ?? 'missing', ['-m', '600', file])
  await assert.rejects(keptSession(SERVER, env), unfit(/is no file/))
  await keepSession(session, env)
  assert.deepEqual(await keptSession(SERVER, env), session)
})

test('where nobody says which, it is the only one', async (t) => {
  const { env, file, session } = await folder(t)
  assert.deepEqual(await onlySession(env), session)
  const another = { ...session, server: 'https://other.example' }
  await keepSession(another, env)
  await assert.rejects(onlySession(env), (error) => isSallyportError(error, 'NAME_INVALID'))
  await chmod(file, 0o644)
  assert.deepEqual(await onlySession(env), another)
  const { sessions, faults } = await keptSessions(env)
  assert.deepEqual([sessions.length, faults.length], [1, 1])
  await forgetSession(another.server, env)
  await assert.rejects(onlySession(env), unfit(/open to others/))
  await forgetSession(SERVER, env)
  await assert.rejects(onlySession(env), (error) => isSallyportError(error, 'NOT_FOUND'))
})
