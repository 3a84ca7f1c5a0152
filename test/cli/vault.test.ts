import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { vaultSecrets } from '../../src/vault-secrets.ts'
import type { Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { NO_TERMINAL, onTerminal } from '../support/terminal.ts'

const [KEY, NEXT] = ['a-factor-key-for-tests-only-0123456789abcdef', 'n'.repeat(48)]
const SECRET = 'sk_live_0123456789'
const CONFIGURATION = `upstreams:
  wiki:
    url: https://wiki.internal/mcp
    headers: { Authorization: "Bearer \${user:token}", X-Team: "\${user:team}" }
  files:
    command: mcp-files
    args: [ /srv ]
    env: { KEY: "\${user:key}" }
  elsewhere:
    url: https://elsewhere.internal/mcp
    headers: { Authorization: "Bearer \${NOT_SET_HERE}" }
`

interface Place {
  readonly cwd: string
  vault(args: readonly string[], input?: string, env?: Record<string, string>): Promise<Finished>
  opened<T>(use: (store: Store) => Promise<T>): Promise<T>
  read(principal: string, audience?: string): Promise<object>
  /** Everything on the audit trail and in the store. */
  written(): Promise<string>
  events(): Promise<readonly Record<string, unknown>[]>
}

async function place(t: TestContext): Promise<Place> {
  const cwd = await temporaryDirectory(t)
  await writeFile(join(cwd, 'sallyport.yaml'), CONFIGURATION)
  await mkdir(join(cwd, 'data'), { mode: 0o700 })
  await writeFile(join(cwd, 'data', 'factor-key'), KEY, { mode: 0o600 })
  const opened = async <T>(use: (store: Store) => Promise<T>): Promise<T> => {
    const store = await openStore(`sqlite:${join(cwd, 'data', 'sallyport.db')}`, { now: Date.now, slotOf })
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }
  const trail = async (): Promise<string> => {
    const folder = join(cwd, 'data', 'audit')
    const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.jsonl'))
    return (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('')
  }
  return {
    cwd,
    vault: async (args, input, env = {}) =>
      inProcess(['vault', ...args], { cwd, env, ...(input === undefined ? {} : { input }) }),
    opened,
    read: async (principal, audience = 'https://wiki.internal') =>
      opened(async (store) => ({
        ...(await vaultSecrets({
          store,
          factorKeys: [KEY],
          now: Date.now,
          tell: () => undefined,
        }).read(principal, 'wiki', audience, ['token', 'team'])),
      })),
    async written() {
      const database = await readFile(join(cwd, 'data', 'sallyport.db'), 'latin1')
      const log = await readFile(join(cwd, 'data', 'sallyport.db-wal'), 'latin1').catch(() => '')
      return `${database}${log}${await trail()}`
    },
    events: async () =>
      (await trail())
        .split('\n')
        .filter((line) => line.includes('"secret.'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

const SET = ['set', 'wiki', 'token', '--for', 'service:billing', '--stdin']

describe('sallyport vault', () => {
  test('a key is set from standard input for the upstream as it is reached, and is nowhere to be read', async (t) => {
    const { vault, read, written, events } = await place(t)
    const done = await vault(SET, `${SECRET}\n`)
    assert.deepEqual([done.code, done.stderr], [0, ''])
    assert.equal(done.stdout, 'service:billing has a key token for the upstream wiki\n')
    assert.deepEqual(await read('service:billing'), { token: SECRET })
    assert.deepEqual(await read('service:billing', 'https://evil.example'), {})
    assert.deepEqual(await read('user:billing'), {})
    assert.ok(!(await written()).includes(SECRET))
    const [event] = await events()
    const { principal, upstream, name, by, requestId } = event ?? {}
    assert.deepEqual(
      [principal, upstream, name, by, requestId],
      ['service:billing', 'wiki', 'token', 'operator', null],
    )
  })

  test('of somebody without a login account it is said so, of one with it his history says it', async (t) => {
    const { vault, opened } = await place(t)
    const alice = { name: 'alice', credentials: 'x', disabled: false, epoch: 0, revision: 0, createdAt: 1 }
    await opened(async (store) => store.users.create(alice))
    const known = await vault(['set', 'wiki', 'team', '--for', 'user:alice', '--stdin'], 'blue')
    assert.deepEqual([known.code, known.stderr], [0, ''])
    const history = async () =>
      opened(async (store) => (await store.histories.list('alice')).map(({ event }) => event))
    assert.deepEqual(await history(), ['secret_set'])
    const unknown = await vault(['set', 'wiki', 'team', '--for', 'user:alcie', '--stdin'], 'blue')
    assert.equal(unknown.code, 0)
    assert.match(unknown.stderr, /nobody called alcie logs in here/)
    await vault(['remove', 'wiki', 'team', '--for', 'user:alice'])
    assert.deepEqual(await history(), ['secret_removed', 'secret_set'])
  })

  test('what nothing asks for, whom nobody can be, and what is no key are refused, and nothing is on record', async (t) => {
    const { vault, events } = await place(t)
    const refused: readonly (readonly [readonly string[], string, RegExp])[] = [
      [
        ['set', 'wki', 'token', '--for', 'user:a', '--stdin'],
        'x',
        /no upstream "wki"; did you mean "wiki"\?/,
      ],
      [['set', 'wiki', 'tokn', '--for', 'user:a', '--stdin'], 'x', /called "tokn"; did you mean "token"\?/],
      [['set', 'elsewhere', 'token', '--for', 'user:a', '--stdin'], 'x', /NOT_SET_HERE/],
      [
        ['set', 'wiki', 'token', '--for', 'alice', '--stdin'],
        'x',
        /"alice" is no principal: write user:NAME/,
      ],
      [['set', 'wiki', 'token', '--for', 'user:a', '--stdin'], '', /a key is one line/],
      [['set', 'wiki', 'token', '--for', 'user:a', '--stdin'], 'two\nlines', /a key is one line/],
      [['set', 'wiki', 'token', '--for', 'user:a'], 'x', /there is no terminal to ask on: .*--stdin/],
      [['remove', 'wiki', 'token', '--for', 'user:a'], '', /user:a has no key of that name/],
      [['remove', '--all', '--for', 'user:a'], '', /user:a keeps no keys/],
    ]
    for (const [args, input, words] of refused) {
      const { code, stderr, stdout } = await vault(args, input)
      assert.deepEqual([code, stdout], [1, ''], args.join(' '))
      assert.match(stderr, words)
    }
    for (const wrong of [
      ['set', 'wiki', 'token', SECRET],
      ['remove', 'wiki', '--for', 'user:a'],
      ['remove', 'wiki', 'token', '--all', '--for', 'user:a'],
      ['set', 'wiki', 'token'],
    ])
      assert.equal((await vault(wrong)).code, 2, wrong.join(' '))
    assert.deepEqual(await events(), [])
  })

  test('keys are listed without their values, and which of them need a former factor key', async (t) => {
    const { vault } = await place(t)
    await vault(SET, SECRET)
    await vault(['set', 'files', 'key', '--for', 'user:alice', '--stdin'], 'another')
    const both = { SALLYPORT_FACTOR_KEY: `${NEXT},${KEY}` }
    await vault(['set', 'wiki', 'team', '--for', 'user:alice', '--stdin'], 'blue', both)
    const listed = await vault(['list', '--json'], undefined, both)
    const rows = JSON.parse(listed.stdout) as Record<string, string>[]
    assert.deepEqual(
      rows.map(({ principal, upstream, name, sealedUnder }) => [principal, upstream, name, sealedUnder]),
      [
        ['service:billing', 'wiki', 'token', 'a former key'],
        ['user:alice', 'files', 'key', 'a former key'],
        ['user:alice', 'wiki', 'team', 'the newest key'],
      ],
    )
    const { stdout } = await vault(['list', '--for', 'user:alice'], undefined, { SALLYPORT_FACTOR_KEY: NEXT })
    assert.match(
      stdout,
      /^PRINCIPAL .*\nuser:alice +files +key +20\S+Z +no key of ours\nuser:alice +wiki +team .*the newest key\n$/,
    )
    for (const text of [SECRET, 'another', 'blue', 'v1.'])
      assert.ok(!(listed.stdout + stdout).includes(text), text)
  })

  test('one is removed, or all of somebody who has left, also without a factor key', async (t) => {
    const { cwd, vault, read, events } = await place(t)
    for (const args of [SET, ['set', 'wiki', 'team', '--for', 'service:billing', '--stdin']])
      await vault(args, SECRET)
    await vault(['set', 'wiki', 'token', '--for', 'user:alice', '--stdin'], SECRET)
    await rm(join(cwd, 'data', 'factor-key'))
    const one = await vault(['remove', 'wiki', 'token', '--for', 'service:billing'])
    assert.equal(one.stdout, 'service:billing has no key token for the upstream wiki any more\n')
    assert.deepEqual(await read('service:billing'), { team: SECRET })
    await vault(['set', 'wiki', 'token', '--for', 'service:billing', '--stdin'], SECRET, {
      SALLYPORT_FACTOR_KEY: KEY,
    })
    const all = await vault(['remove', '--all', '--for', 'service:billing'])
    assert.deepEqual([all.code, all.stdout.split('\n').length], [0, 3])
    assert.deepEqual(await read('service:billing'), {})
    assert.deepEqual(await read('user:alice'), { token: SECRET })
    const removed = (await events()).filter(({ event }) => event === 'secret.removed')
    assert.deepEqual(
      removed.map(({ name }) => String(name)).toSorted((a, b) => (a < b ? -1 : 1)),
      ['team', 'token', 'token'],
    )
  })

  test('an audit trail that cannot be written keeps a key from being set, and none from being removed', async (t) => {
    const { cwd, vault, read } = await place(t)
    await vault(SET, SECRET)
    await rm(join(cwd, 'data', 'audit'), { recursive: true })
    await writeFile(join(cwd, 'data', 'audit'), 'in the way')
    const set = await vault(SET, 'another')
    assert.equal(set.code, 1)
    assert.ok(!set.stderr.includes('another'))
    assert.deepEqual(await read('service:billing'), { token: SECRET })
    const removed = await vault(['remove', 'wiki', 'token', '--for', 'service:billing'])
    assert.deepEqual([removed.code, /it is done, but not on record/.test(removed.stderr)], [1, true])
    assert.deepEqual(await read('service:billing'), {})
  })

  test('on a terminal it is asked for, and what is typed is not shown', { skip: NO_TERMINAL }, async (t) => {
    const { cwd, read } = await place(t)
    const { code, shown } = await onTerminal(
      { cwd },
      ['vault', 'set', 'wiki', 'token', '--for', 'service:billing'],
      [[/Key token for the upstream wiki:/, SECRET]],
    )
    assert.equal(code, 0, shown)
    assert.ok(!shown.includes(SECRET))
    assert.deepEqual(await read('service:billing'), { token: SECRET })
  })
})
