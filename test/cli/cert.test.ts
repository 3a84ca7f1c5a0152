import assert from 'node:assert/strict'
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { readLedger } from '../../src/pki/ledger.ts'
import { readLists, resignRevocationLists } from '../../src/pki/resign.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { sallyport, script, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Installation {
  readonly cwd: string
  readonly certs: string
  readonly ledger: string
  run(...args: readonly string[]): Promise<Finished>
  /** The same in a process of its own. */
  runProcess(...args: readonly string[]): Promise<Finished>
}

let made: string
before(async () => {
  made = await mkdtemp(join(tmpdir(), 'sallyport-cert-'))
  const { code, stderr } = await inProcess(['init'], { cwd: made })
  assert.equal(code, 0, stderr)
})
after(async () => await rm(made, { recursive: true, force: true, maxRetries: 10 }))

/** An installation as `init` makes it, with demo and admin-cli. */
async function installation(t: TestContext): Promise<Installation> {
  const cwd = await temporaryDirectory(t)
  await cp(made, cwd, { recursive: true })
  const certs = join(cwd, 'certs')
  return {
    cwd,
    certs,
    ledger: join(certs, 'ca/ledger.jsonl'),
    run: async (...args) => await inProcess(['cert', ...args], { cwd }),
    runProcess: async (...args) => await sallyport(['cert', ...args], { cwd }),
  }
}

async function json<T>(finished: Promise<Finished>): Promise<T> {
  const { code, stdout, stderr } = await finished
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

interface Row {
  readonly name: string
  readonly principal: string
  readonly kind: string
  readonly roles: readonly string[]
  readonly serial: string
  readonly state: string
}

/** Serials on the issuing CA's list. */
async function listed({ certs }: Installation): Promise<ReadonlySet<string>> {
  return (await readLists(certs)).issuing.list.revoked
}

/** Serials on the live list of the store. */
async function live({ cwd }: Installation): Promise<readonly string[]> {
  const store = await openStore(`sqlite:${join(cwd, 'data/sallyport.db')}`, { now: Date.now, slotOf })
  try {
    return (await store.revocations.read(0)).entries.flatMap((entry) =>
      'serial' in entry ? [entry.serial] : [],
    )
  } finally {
    await store.close()
  }
}

async function trail({ cwd }: Installation): Promise<string> {
  const directory = join(cwd, 'data/audit')
  const files = await readdir(directory)
  return (await Promise.all(files.map(async (file) => await readFile(join(directory, file), 'utf8')))).join(
    '',
  )
}

describe('sallyport cert list and show', () => {
  it('say what is valid, with roles and serial; with --all what was, too', async (t) => {
    const here = await installation(t)
    const rows = await json<Row[]>(here.run('list', '--json'))
    assert.deepEqual(
      rows.map(({ name, kind, roles, state }) => [name, kind, roles, state]),
      [
        ['server', 'server', [], 'valid'],
        ['demo', 'service', ['reader'], 'valid'],
        ['admin-cli', 'service', ['admin'], 'valid'],
      ],
    )
    const { stdout } = await here.runProcess('list')
    assert.match(stdout, /^NAME +KIND +ROLES +SERIAL +EXPIRES IN +STATE$/m)
    assert.match(stdout, /^demo +service +reader +[0-9A-F]{40} +23h 59m +valid$/m)
    assert.equal((await here.run('revoke', 'demo')).code, 0)
    assert.doesNotMatch((await here.run('list')).stdout, /demo/)
    assert.match((await here.run('list', '--all')).stdout, /^demo .*revoked$/m)
    const [demo] = await json<Record<string, unknown>[]>(here.run('show', 'demo', '--json'))
    assert.equal(demo?.['state'], 'revoked')
    const serial = String(demo?.['serial'])
    const shown = await here.runProcess('show', serial.toLowerCase())
    assert.match(shown.stdout, /^principal +service:demo$/m)
    assert.match(shown.stdout, /^revoked +2.*, unspecified, by /m)
  })

  it('say what a certificate is cut down to', async (t) => {
    const { cwd, run } = await installation(t)
    const issue = [
      'issue-client-cert',
      'helper',
      '--kind',
      'agent',
      '--role',
      'admin',
      '--only',
      'notes:read',
    ]
    assert.equal((await inProcess(issue, { cwd })).code, 0)
    assert.match((await run('list')).stdout, /helper +agent +admin \(only notes:read\) /)
    assert.match((await run('show', 'helper')).stdout, /^only +notes:read$/m)
    const [row] = await json<(Row & { readonly ceiling: unknown })[]>(run('show', 'helper', '--json'))
    assert.deepEqual(row?.ceiling, ['notes:read'])
  })

  it('exit with 1 for what nobody knows, and with 2 for what is no usage', async (t) => {
    const here = await installation(t)
    const unknown = await here.run('show', 'nobody')
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /"nobody": the ledger knows no such certificate/)
    for (const args of [
      ['show'],
      ['list', 'demo'],
      ['revoke'],
      ['revoke', 'demo', '--principal', 'service:demo'],
    ])
      assert.equal((await here.run(...args)).code, 2, args.join(' '))
    assert.equal((await here.run('revoke', 'demo', '--reason', 'removeFromCRL')).code, 2)
    assert.equal((await here.run('token', 'new', '--ttl', '8d')).code, 2)
  })
})

describe('sallyport cert token', () => {
  it('prints a token alone, grants the roles, and is on record by its digest', async (t) => {
    const here = await installation(t)
    const { stdout, stderr, code } = await here.run('token', 'billing', '--role', 'reader')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^spe_[A-Za-z0-9_-]{43}\.[0-9a-f]{64}\n$/)
    assert.match(stderr, /npx sallyport enroll https:\/\/[^ ]+:8444 < token/)
    assert.match(await readFile(join(here.cwd, 'access.yaml'), 'utf8'), /service: billing/)
    const [secret = ''] = stdout.split('.')
    const written = (await trail(here)) + (await readFile(here.ledger, 'utf8'))
    assert.match(written, /"event":"enrolment.offered".*"principal":"service:billing"/)
    assert.equal(written.includes(secret), false)
  })

  it('is refused for a name that has grants, a role that is not there, and leaves nothing then', async (t) => {
    const here = await installation(t)
    const kept = [await readFile(here.ledger, 'utf8'), await readFile(join(here.cwd, 'access.yaml'), 'utf8')]
    for (const [args, problem] of [
      [['demo', '--role', 'reader'], /service:demo still has grants .* say --existing/],
      [['billing', '--role', 'nothing'], /nothing/],
      [['Billing'], /has a capital letter/],
      [['billing', '--only', 'Not a permission'], /Write a permission/],
    ] as const) {
      const { code, stderr, stdout } = await here.run('token', ...args)
      assert.notEqual(code, 0)
      assert.match(stderr, problem)
      assert.equal(stdout, '')
    }
    assert.deepEqual(
      [await readFile(here.ledger, 'utf8'), await readFile(join(here.cwd, 'access.yaml'), 'utf8')],
      kept,
    )
    assert.equal((await here.run('token', 'demo', '--existing')).code, 0)
  })

  it('that nobody has used is withdrawn with its name', async (t) => {
    const here = await installation(t)
    await here.run('token', 'billing', '--role', 'reader')
    const { code, stdout } = await here.run('revoke', 'billing')
    assert.equal(code, 0)
    assert.match(stdout, /open enrolment tokens are withdrawn/)
    const { tokens } = await readLedger(here.ledger)
    assert.deepEqual(
      [...tokens.values()].map(({ spent }) => spent),
      [true],
    )
  })
})

describe('sallyport cert revoke', () => {
  it('reaches ledger, revocation list, live list and audit trail', async (t) => {
    const here = await installation(t)
    const rows = await json<Row[]>(here.run('list', '--json'))
    const { serial = '' } = rows.find(({ name }) => name === 'demo') ?? {}
    const result = await json<{ revoked: { serial: string }[]; signed: boolean }>(
      here.run('revoke', '--principal', 'service:demo', '--reason', 'keyCompromise', '--json'),
    )
    assert.deepEqual(
      result.revoked.map((one) => one.serial),
      [serial],
    )
    assert.equal(result.signed, true)
    assert.deepEqual(await listed(here), new Set([serial]))
    assert.deepEqual(await live(here), [serial])
    assert.match(
      await trail(here),
      new RegExp(`"event":"certificate.revoked".*"principal":"service:demo".*"keyCompromise".*"${serial}"`),
    )
  })

  it('of the server’s certificate says what to do about it', async (t) => {
    const here = await installation(t)
    const { code, stdout, stderr } = await here.run('revoke', '--principal', 'server')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^server +[0-9A-F]{40} /m)
    assert.match(stderr, /until it has another: .*"npm run issue-server-cert -- --replace" at once/)
    assert.doesNotMatch((await here.run('revoke', 'demo')).stderr, /issue-server-cert/)
  })

  it('of two at once loses none', async (t) => {
    const here = await installation(t)
    const both = await Promise.all([
      here.runProcess('revoke', 'demo'),
      here.runProcess('revoke', 'admin-cli'),
    ])
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ stderr }) => stderr).join(''),
    )
    assert.equal((await listed(here)).size, 2)
    assert.equal((await live(here)).length, 2)
  })

  it('stands while the store is down, says so, and is made whole by doing it again', async (t) => {
    const here = await installation(t)
    const data = join(here.cwd, 'data/sallyport.db')
    await rm(data)
    await mkdir(data)
    const { code, stderr, stdout } = await here.run('revoke', 'demo')
    assert.equal(code, 1)
    assert.match(stderr, /the live list of the store was not told/)
    assert.match(stderr, /it is revoked, but not everywhere yet: run the command again/)
    assert.match(stdout, /^service:demo/m)
    assert.equal((await listed(here)).size, 1)
    await rm(data, { recursive: true })
    assert.equal((await here.run('revoke', 'demo')).code, 0)
    assert.equal((await live(here)).length, 1)
  })

  it('is not kept from it by an audit trail that cannot be written, and says so', async (t) => {
    const here = await installation(t)
    await rm(join(here.cwd, 'data/audit'), { recursive: true })
    await writeFile(join(here.cwd, 'data/audit'), '')
    const { code, stderr } = await here.run('revoke', 'demo')
    assert.equal(code, 1)
    assert.match(stderr, /it is not on the audit trail/)
    assert.deepEqual([(await listed(here)).size, (await live(here)).length], [1, 1])
  })

  it('without the key here reaches the live list, and the revocation list where the key is', async (t) => {
    const here = await installation(t)
    const key = join(here.certs, 'ca/issuing.key.pem')
    await rename(key, `${key}.away`)
    const { code, stderr } = await here.run('revoke', 'demo')
    assert.equal(code, 0)
    assert.match(
      stderr,
      /issuing\.key\.pem is not here: the revocation list .* is still to be signed where it is/,
    )
    assert.deepEqual([(await listed(here)).size, (await live(here)).length], [0, 1])
    await rename(`${key}.away`, key)
    await resignRevocationLists(here.certs, Date.now())
    assert.equal((await listed(here)).size, 1)
  })

  it('changes nothing while the ledger is damaged or gone, and names it', async (t) => {
    const here = await installation(t)
    const lists = await readFile(join(here.certs, 'ca/crl.pem'), 'utf8')
    const whole = await readFile(here.ledger, 'utf8')
    await appendFile(here.ledger, '{"v":2,"event":"revo\n')
    const damaged = await here.run('revoke', 'demo')
    assert.equal(damaged.code, 1)
    assert.match(damaged.stderr, /ledger\.jsonl: line 6 is damaged/)
    assert.equal((await script('issue-client-cert.ts', ['late'], { cwd: here.cwd })).code, 1)
    await rm(here.ledger)
    const gone = await here.run('revoke', 'demo')
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /the ledger .* cannot be read \(ENOENT\)/)
    assert.equal(await readFile(join(here.certs, 'ca/crl.pem'), 'utf8'), lists)
    await writeFile(here.ledger, whole)
    assert.equal((await here.run('revoke', 'demo')).code, 0)
  })
})
