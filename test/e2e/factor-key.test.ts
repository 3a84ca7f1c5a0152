import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { ask } from '../support/clients.ts'
import { ANY_PORTS, sallyport, serving, type Served } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { installation } from '../support/installation.ts'
import { CHEAP } from '../support/login-door.ts'
import { startRedis } from '../support/redis.ts'
import { startServer } from '../support/server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSWORD = 'correct horse battery'
const [OLD, NEW] = ['the old factor key '.repeat(3), 'the new factor key '.repeat(3)]
const KEY_FILE = 'data/factor-key'

test('init makes a key for its owner alone, and keeps the one that is there', async (t) => {
  const cwd = await temporaryDirectory(t)
  const init = async () => inProcess(['init'], { cwd, env: ANY_PORTS })
  assert.equal((await init()).code, 0)
  const key = await readFile(join(cwd, KEY_FILE), 'utf8')
  assert.match(key, /^[\w-]{64}\n$/)
  assert.equal((await stat(join(cwd, KEY_FILE))).mode & 0o777, 0o600)
  assert.notEqual(key, await readFile(join(cwd, 'data/session-secret'), 'utf8'))
  assert.equal((await init()).code, 0)
  assert.equal(await readFile(join(cwd, KEY_FILE), 'utf8'), key)
})

test('a server does not start without the key of its users, and with it behind a new one nobody is locked out', async (t) => {
  const { cwd, authority, remove } = await installation()
  t.after(remove)
  const withKey = (key: string) => ({ cwd, env: { ...ANY_PORTS, SALLYPORT_FACTOR_KEY: key } })
  const add = await inProcess(['user', 'add', 'alice', '--password-stdin'], {
    ...withKey(OLD),
    input: PASSWORD,
  })
  assert.equal(add.code, 0, add.stderr)
  const logIn = async ({ ports }: Served) =>
    ask({
      port: ports.people,
      path: '/auth/login',
      ca: authority.rootPem,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'alice', password: PASSWORD }),
    })

  const refused = await sallyport(['serve'], withKey(NEW))
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /^sallyport: 1 of 1 users \(alice\) could not log in: they are sealed under the factor key [0-9a-f]{8}, which is not configured here\. A former key goes behind the new one, as in SALLYPORT_FACTOR_KEY="new,old"\. If it is lost: "npx sallyport user reset-password NAME" for each of them\n$/,
  )
  const another = await inProcess(['user', 'add', 'bob'], withKey(NEW))
  assert.match(another.stderr, /1 of 1 users \(alice\) could not log in/)

  const both = await serving('serve', withKey(`${NEW},${OLD}`))
  t.after(async () => both.stop())
  assert.equal((await logIn(both)).status, 200)
  await both.stop()
  // The login sealed alice anew.
  const alone = await serving('serve', withKey(NEW))
  t.after(async () => alone.stop())
  assert.equal((await logIn(alone)).status, 200)
  await alone.stop()

  assert.equal((await inProcess(['user', 'disable', 'alice'], { cwd, env: {} })).code, 0)
  const other = await serving('serve', withKey(OLD))
  await other.stop()
  const lost = await inProcess(['user', 'enable', 'alice'], { cwd, env: {} })
  assert.equal(lost.code, 0, lost.stderr)
  assert.equal((await inProcess(['serve'], withKey(OLD))).code, 1)
  assert.equal((await inProcess(['user', 'reset-password', 'alice'], withKey(OLD))).code, 0)
  const again = await serving('serve', withKey(OLD))
  await again.stop()
})

test('several nodes on one Redis must share the key, and are told so', async (t) => {
  const redis = await startRedis()
  t.after(async () => redis.stop())
  const { cwd, remove } = await installation()
  t.after(remove)
  const env = {
    ...ANY_PORTS,
    SALLYPORT_STORE: redis.url,
    SALLYPORT_SESSION_SECRET: 'a-secret-for-tests-only-0123456789abcdef',
  }
  assert.equal((await inProcess(['user', 'add', 'alice'], { cwd, env })).code, 0)
  // Another node, with what its own init has made.
  await writeFile(join(cwd, KEY_FILE), NEW, { mode: 0o600 })
  const { code, stderr } = await inProcess(['serve'], { cwd, env })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /All nodes on redis:\/\/\S+ must share SALLYPORT_FACTOR_KEY: set it here to what it is on/,
  )
  await rm(join(cwd, KEY_FILE))
  assert.match(
    (await inProcess(['serve'], { cwd, env })).stderr,
    /the factor key .*factor-key cannot be read/,
  )
})

test('a user who cannot be opened never logs in, the answer does not say so, and the log says why, once', async (t) => {
  const said: string[] = []
  const log = { error: (_fields: object, sentence: string) => said.push(sentence), debug: () => undefined }
  const server = await startServer({ log })
  t.after(async () => server.close())
  const passwordHash = await CHEAP.hash(PASSWORD)
  const sealed = credentialVault(factorKeys([OLD])).seal('alice', passwordOnly(passwordHash, null))
  for (const [name, credentials] of [
    ['alice', sealed],
    ['bob', 'v1.00000000.nothing'],
    ['carol', ''],
  ] as const)
    await server.store.users.create({
      name,
      credentials,
      disabled: false,
      epoch: 0,
      revision: 0,
      createdAt: 0,
    })
  const answers = new Set<string>()
  for (const username of ['alice', 'alice', 'bob', 'carol', 'nobody']) {
    const answer = await ask({
      port: server.ports.people ?? 0,
      path: '/auth/login',
      ca: server.authority.rootPem,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD }),
    })
    answers.add(`${answer.status} ${answer.body.replace(/"requestId":"[^"]*"/, '')}`)
  }
  assert.equal(answers.size, 1)
  assert.match([...answers][0] ?? '', /^401 .*invalid_credentials/)
  assert.equal(said.length, 3)
  assert.match(
    said[0] ?? '',
    /^the user "alice" cannot log in: .* factor key [0-9a-f]{8}, which is not configured/,
  )
  assert.match(said[1] ?? '', /^the user "bob" cannot log in: what is stored of him was not sealed for him/)
  assert.match(said[2] ?? '', /^the user "carol" cannot log in: an older version added him/)
})
