import assert from 'node:assert/strict'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { ANY_PORTS, sallyport, serving, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const SECRET = 'a-secret-for-tests-only-0123456789abcdef'

interface Found {
  readonly state: string
  readonly check: string
  readonly what: string
  readonly help: string | null
}

let made: string
before(async () => {
  made = await mkdtemp(join(tmpdir(), 'sallyport-doctor-'))
  await init(made, {})
})
after(async () => rm(made, { recursive: true, force: true, maxRetries: 10 }))

async function init(cwd: string, env: Record<string, string>): Promise<void> {
  const { code, stderr } = await inProcess(['init'], { cwd, env: { ...ANY_PORTS, ...env } })
  assert.equal(code, 0, stderr)
}

/** A folder that `init` has filled. */
async function installed(t: TestContext): Promise<string> {
  const cwd = await temporaryDirectory(t)
  await cp(made, cwd, { recursive: true })
  return cwd
}

async function doctor(
  cwd: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Finished & { readonly found: readonly Found[] }> {
  const finished = await inProcess(['doctor', '--json', ...args], { cwd, env: { ...ANY_PORTS, ...env } })
  return { ...finished, found: JSON.parse(finished.stdout) as readonly Found[] }
}

/** What is not as it should be, as in `problem secret files`. */
const complaints = (found: readonly Found[]): readonly string[] =>
  found.filter(({ state }) => state !== 'ok').map(({ state, check }) => `${state} ${check}`)

test('what init has made is in order, and every line says what was looked at', async (t) => {
  const cwd = await installed(t)
  const { code, found } = await doctor(cwd)
  assert.equal(code, 0)
  assert.deepEqual(complaints(found), [])
  assert.deepEqual(
    [...new Set(found.map(({ check }) => check))],
    ['configuration', 'secret files', 'folders', 'installation', 'store', 'ports'],
  )
  const { stdout } = await sallyport(['doctor'], { cwd, env: { ...ANY_PORTS } })
  assert.match(stdout, /^ok {7}configuration {2}.*sallyport\.yaml$/m)
  assert.ok(!stdout.includes('\u001B'), 'no colours in a pipe')
})

test('secret files that others may read and folders that are missing are told, mended by --fix, and then in order', async (t) => {
  const cwd = await installed(t)
  const secrets = [
    'data/session-secret',
    'data/factor-key',
    'certs/ca/root.key.pem',
    'certs/clients/demo/client.key.pem',
  ]
  for (const path of secrets) await chmod(join(cwd, path), 0o644)
  await chmod(join(cwd, 'data/sallyport.db'), 0o660)
  await rm(join(cwd, 'data/audit'), { recursive: true })
  const open = await doctor(cwd)
  assert.equal(open.code, 1)
  assert.match(open.stderr, /^sallyport: 7 problems found$/m)
  const told = open.found.filter(({ check }) => check === 'secret files')
  assert.equal(told.length, 5)
  for (const { what, help } of told)
    assert.match(`${what}: ${help}`, /is open to others.*: run "chmod 600 .*"$/)
  assert.equal((await stat(join(cwd, 'data/factor-key'))).mode & 0o777, 0o644, 'nothing was changed')
  const mended = await doctor(cwd, ['--fix'])
  assert.equal(mended.code, 0, mended.stdout)
  assert.equal(mended.found.filter(({ state }) => state === 'fixed').length, 6)
  for (const path of [...secrets, 'data/sallyport.db'])
    assert.equal((await stat(join(cwd, path))).mode & 0o777, 0o600, path)
  assert.equal((await stat(join(cwd, 'data/audit'))).mode & 0o777, 0o700)
  assert.deepEqual(complaints((await doctor(cwd)).found), [])
})

test('a configuration that cannot be read is the one problem, and nothing is made', async (t) => {
  const cwd = await temporaryDirectory(t)
  assert.match((await doctor(cwd)).found[0]?.what ?? '', /there is no sallyport\.yaml/)
  await writeFile(join(cwd, 'sallyport.yaml'), 'acces: x\nlimits: { bodyBytes: 1 }\n')
  const { code, found } = await doctor(cwd, ['--fix'])
  assert.equal(code, 1)
  assert.deepEqual(complaints(found), ['problem configuration', 'problem configuration'])
})

test('policy, certificate and secret that are of no use are told with what to do', async (t) => {
  const cwd = await installed(t)
  await writeFile(join(cwd, 'access.yaml'), 'version: 1\nroles: {}\n')
  const policy = await doctor(cwd)
  assert.deepEqual(complaints(policy.found).slice(0, 1), ['problem installation'])
  await writeFile(join(cwd, 'certs/server/server.pem'), await readFile(join(cwd, 'certs/ca/root.pem')))
  await writeFile(join(cwd, 'data/session-secret'), 'short')
  const { found } = await doctor(cwd)
  const told = found.filter(({ check, state }) => check === 'installation' && state === 'problem')
  assert.ok(
    told.some(({ what }) => what.includes('server.pem') && what.includes('does not belong to the key')),
  )
  assert.ok(told.some(({ what, help }) => `${what} ${help}`.includes('shorter than 32 characters')))
})

test('users who are sealed under another factor key are named, since they cannot log in', async (t) => {
  const cwd = await installed(t)
  await writeFile(join(cwd, 'data/factor-key'), SECRET)
  const { code, found } = await doctor(cwd)
  assert.equal(code, 1)
  const told = found.find(({ state }) => state === 'problem')
  assert.match(told?.what ?? '', /1 of 1 user\(s\) cannot log in, .* another factor key: admin$/)
})

test('a port that is taken is a problem, unless it is this server that has it', async (t) => {
  const cwd = await installed(t)
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? String(address.port) : ''
  const { code, found } = await doctor(cwd, [], { SALLYPORT_PORT: port })
  assert.equal(code, 1)
  assert.deepEqual(complaints(found), ['problem ports'])
  const served = await serving('serve', { cwd })
  t.after(async () => served.stop('SIGKILL'))
  const ports = {
    SALLYPORT_PORT: String(served.ports.certificates),
    SALLYPORT_LOGIN_PORT: String(served.ports.people),
    SALLYPORT_OPERATIONS_PORT: String(served.ports.operations),
  }
  const running = await doctor(cwd, [], ports)
  assert.deepEqual(complaints(running.found), [])
  assert.ok(running.found.some(({ what }) => what === 'the server is running'))
})

test('a Redis that may forget is a problem, a better one is in order, and no password is said', async (t) => {
  const careless = await startRedis({ settings: ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'] })
  t.after(() => careless.stop())
  const env = { SALLYPORT_STORE: careless.url, SALLYPORT_SESSION_SECRET: SECRET }
  const cwd = await temporaryDirectory(t)
  await init(cwd, env)
  const { code, found, stdout, stderr } = await doctor(cwd, [], env)
  assert.equal(code, 1)
  const told = found.filter(({ check, state }) => check === 'Redis' && state !== 'ok')
  assert.deepEqual(
    told.map(({ state, help }) => `${state}: ${help}`),
    [
      'warning: make an ACL user with the rights in STORAGE.md, and name it in SALLYPORT_STORE',
      'problem: set "maxmemory-policy noeviction"',
      'problem: set "appendonly yes"',
      'warning: add one, or keep backups',
    ],
  )
  assert.ok(!(stdout + stderr).includes(careless.password))
  const primary = await startRedis({
    settings: [
      'maxmemory 100mb',
      'min-replicas-to-write 1',
      'repl-diskless-sync-delay 0',
      'user door on >pw ~* &* +@all',
    ],
  })
  const replica = await startRedis({
    settings: [`replicaof 127.0.0.1 ${primary.port}`, `masterauth ${primary.password}`],
  })
  t.after(() => Promise.all([primary.stop(), replica.stop()]))
  const raw = new Redis(primary.url)
  t.after(() => raw.disconnect())
  // Nobody says when; the time of the test bounds it.
  while (!(await raw.info('replication')).includes('state=online'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  const better = { ...env, SALLYPORT_STORE: `redis://door:pw@127.0.0.1:${primary.port}` }
  const second = await doctor(cwd, [], better)
  const inOrder = second.found.filter(({ check, state }) => check === 'Redis' && state === 'ok')
  for (const part of [
    'an ACL user',
    'noeviction',
    'is the master',
    'our time',
    'Redis 7',
    'takes nothing without one',
  ])
    assert.ok(
      inOrder.some(({ what }) => what.includes(part)),
      `${part}: ${JSON.stringify(second.found)}`,
    )
})

test('a store that cannot be reached is a problem, and the rest is looked at all the same', async (t) => {
  const cwd = await installed(t)
  const env = { SALLYPORT_STORE: 'redis://:hunter2@127.0.0.1:1', SALLYPORT_SESSION_SECRET: SECRET }
  const { code, found, stdout } = await doctor(cwd, [], env)
  assert.equal(code, 1)
  assert.deepEqual(complaints(found), ['problem store', 'problem Redis'])
  assert.ok(found.some(({ check }) => check === 'ports'))
  assert.ok(!stdout.includes('hunter2'))
})

test('a folder that is a file, and a database that is not there yet', async (t) => {
  const cwd = await installed(t)
  await rm(join(cwd, 'data/audit'), { recursive: true, force: true, maxRetries: 10 })
  await writeFile(join(cwd, 'data/audit'), '')
  await mkdir(join(cwd, 'other'))
  const { found } = await doctor(cwd, ['--fix'], { SALLYPORT_STORE: 'sqlite:other/new.db' })
  assert.deepEqual(complaints(found), ['problem folders', 'warning store'])
  await assert.rejects(stat(join(cwd, 'other/new.db')), 'none was made')
})
