import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { digestOf, slotOf } from '../../src/auth/session-token.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { answerDevice, signedIn } from '../support/device.ts'
import { inProcess } from '../support/in-process.ts'
import { PASSWORD, startDoor, type LoginDoor } from '../support/login-door.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { NO_TERMINAL, onTerminal } from '../support/terminal.ts'

const SECRET = 'JBSWY3DPEHPK3PXP'
const FACTOR = { totp: { secret: SECRET, lastStep: 0, addedAt: 1_000 } }
const NEW_PASSWORD = 'purple elephants juggle'
const TOKEN = /sps_[0-9a-f]{4}_[\w-]{43}/

let door: LoginDoor
let url: string
before(async () => {
  door = await startDoor('sqlite')
  url = `https://localhost:${door.port}`
})
after(() => door.close())

interface Home {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly file: string
  readonly ca: string
  run(args: readonly string[], input?: string): Promise<Finished>
  /** The same in a process of its own. */
  runProcess(args: readonly string[], input?: string): Promise<Finished>
  session(): Promise<{ token: string; user: string; server: string; ca: string | null }>
}

/** A user of the machine, with a folder of his own and the root of the door. */
async function home(t: TestContext): Promise<Home> {
  const cwd = await temporaryDirectory(t)
  const env = { XDG_CONFIG_HOME: join(cwd, 'config') }
  const ca = join(cwd, 'root.pem')
  await writeFile(ca, door.ca)
  const file = join(cwd, 'config', 'sallyport', 'sessions', `localhost_${door.port}.json`)
  return {
    cwd,
    env,
    file,
    ca,
    run: (args, input = '') => inProcess(args, { cwd, env, input }),
    runProcess: (args, input = '') => sallyport(args, { cwd, env, input }),
    session: async () => JSON.parse(await readFile(file, 'utf8')),
  }
}

const login = (name: string, ca: string, ...more: readonly string[]): string[] => [
  'login',
  url,
  '--ca',
  ca,
  '--name',
  name,
  '--password-stdin',
  ...more,
]
const code = (): string => new TOTP({ secret: Secret.fromBase32(SECRET) }).generate()
const isLive = async (user: string, token: string): Promise<boolean> =>
  (await door.store.sessions.validate(digestOf(token), slotOf(user), door.options.now())) !== undefined

describe('sallyport login', () => {
  test('keeps a session for its owner alone, and prints no token', async (t) => {
    const { name } = await door.addUser()
    const { runProcess, ca, file, session } = await home(t)
    const { code: exit, stdout, stderr } = await runProcess(login(name, ca), `${PASSWORD}\n`)
    assert.equal(exit, 0, stderr)
    assert.match(stdout, new RegExp(`logged in at ${url} as ${name} \\(reader\\), until `))
    assert.match(stdout, new RegExp(`kept in ${file}`))
    assert.doesNotMatch(stdout + stderr, TOKEN)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.equal((await stat(join(file, '..'))).mode & 0o777, 0o700)
    const kept = await session()
    assert.deepEqual([kept.server, kept.user, kept.ca], [url, name, door.ca])
    assert.ok(await isLive(name, kept.token))
    assert.deepEqual(await readdir(join(file, '..')), [`localhost_${door.port}.json`])
  })

  test('says as JSON who is logged in, and the token only when it is asked for', async (t) => {
    const { name } = await door.addUser()
    const { run, ca, file } = await home(t)
    const { stdout } = await run(login(name, ca, '--json'), PASSWORD)
    const { expiresAt, ...rest } = JSON.parse(stdout) as { expiresAt: string }
    assert.deepEqual(rest, { server: url, user: { name, roles: ['reader'] }, file })
    assert.ok(Date.parse(expiresAt) > Date.now())
    const printed = await home(t)
    const { stdout: token } = await printed.run(login(name, ca, '--print-token'), PASSWORD)
    assert.ok(await isLive(name, token.trim()))
    assert.equal(existsSync(printed.file), false)
    assert.equal((await run(login(name, ca, '--print-token', '--json'), PASSWORD)).code, 2)
  })

  test('trusts the server as at the last login, and ends the session before', async (t) => {
    const { name } = await door.addUser()
    const { run, ca, session } = await home(t)
    await run(login(name, ca), PASSWORD)
    const earlier = await session()
    const again = await run(['login', url, '--name', name, '--password-stdin'], PASSWORD)
    assert.equal(again.code, 0, again.stderr)
    const kept = await session()
    assert.deepEqual([await isLive(name, earlier.token), await isLive(name, kept.token)], [false, true])
  })

  test('takes what the server wants beside the password, one line each', async (t) => {
    const { name } = await door.addUser({}, { ...FACTOR, oneTimeUntil: Date.now() + 3_600_000 })
    const { run, ca, session } = await home(t)
    const short = await run(login(name, ca), `${PASSWORD}\n`)
    assert.equal(short.code, 1)
    assert.match(short.stderr, /no line for the question "Code of your second factor/)
    const { code: exit, stderr } = await run(login(name, ca), `${PASSWORD}\n${code()}\n${NEW_PASSWORD}\n`)
    assert.equal(exit, 0, stderr)
    assert.ok(await isLive(name, (await session()).token))
    const pending = (await door.store.sessions.list(name, door.options.now())).filter(
      ({ record }) => record.pending !== null,
    )
    assert.deepEqual(pending, [])
  })

  test('says which page to open when a second factor has to be enrolled', async (t) => {
    const { name } = await door.addUser({ name: 'u-mfa-terminal' })
    const { run, ca, file } = await home(t)
    const { code: exit, stderr } = await run(login(name, ca), PASSWORD)
    assert.equal(exit, 1)
    assert.match(
      stderr,
      new RegExp(`needs a second factor, and has none: log in at ${url}/login in a browser`),
    )
    assert.equal(existsSync(file), false)
    assert.deepEqual(await door.store.sessions.list(name, door.options.now()), [])
  })

  test('refuses in words: a wrong password, another CA, a root that is missing, no TLS', async (t) => {
    const { name } = await door.addUser()
    const { run, ca, cwd, file } = await home(t)
    const wrong = await run(login(name, ca), 'not it')
    assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
    assert.match(wrong.stderr, /user name or password is not right/)
    const foreign = await run(['login', url, '--name', name, '--password-stdin'], PASSWORD)
    assert.equal(foreign.code, 1)
    assert.match(foreign.stderr, /of none of the CAs that this machine trusts.*--ca/)
    const none = await run(login(name, join(cwd, 'none.pem')), PASSWORD)
    assert.match(none.stderr, /none\.pem cannot be read \(ENOENT\)/)
    assert.match((await run(['login', `http://localhost:${door.port}`])).stderr, /is no URL of a server/)
    assert.equal(existsSync(file), false)
    assert.equal((await run(['login', url, '--device', '--name', 'x'])).code, 2)
  })

  test('trusts the CA of the installation that it is run in', async (t) => {
    const { name } = await door.addUser()
    const { run, cwd } = await home(t)
    await writeFile(join(cwd, 'sallyport.yaml'), '# defaults\n')
    await mkdir(join(cwd, 'certs', 'ca'), { recursive: true })
    await writeFile(join(cwd, 'certs', 'ca', 'root.pem'), door.ca)
    const { code: exit, stderr } = await run(['login', url, '--name', name, '--password-stdin'], PASSWORD)
    assert.equal(exit, 0, stderr)
  })

  test('replaces a link in the place of the file, and leaves alone what it leads to', async (t) => {
    const { name } = await door.addUser()
    const { run, ca, cwd, file, session } = await home(t)
    const target = join(cwd, 'target')
    await writeFile(target, 'untouched')
    await chmod(target, 0o644)
    await mkdir(join(file, '..'), { recursive: true })
    await symlink(target, file)
    assert.equal((await run(login(name, ca), PASSWORD)).code, 0)
    assert.equal(await readFile(target, 'utf8'), 'untouched')
    assert.ok(await isLive(name, (await session()).token))
  })

  test(
    'asks on a terminal, shows nothing secret, and asks again for what was wrong',
    { skip: NO_TERMINAL },
    async (t) => {
      const { name } = await door.addUser({}, { ...FACTOR, oneTimeUntil: Date.now() + 3_600_000 })
      const { cwd, env, ca, session } = await home(t)
      const { code: exit, shown } = await onTerminal(
        { cwd, env },
        ['login', url, '--ca', ca],
        [
          [/User name:/, name],
          [/Password:/, PASSWORD],
          [/Code of your second factor/, '000000'],
          [/not right[^]*Code of your second factor/, async () => code()],
          [/New password/, NEW_PASSWORD],
          [/The same again/, 'something else'],
          [/differ[^]*New password/, NEW_PASSWORD],
          [/The same again/, NEW_PASSWORD],
        ],
      )
      assert.equal(exit, 0, shown)
      assert.ok(await isLive(name, (await session()).token))
      for (const secret of [PASSWORD, NEW_PASSWORD]) assert.ok(!shown.includes(secret))
      assert.doesNotMatch(shown, TOKEN)
    },
  )

  test('ends a login that is broken off', { skip: NO_TERMINAL }, async (t) => {
    const { name } = await door.addUser({}, FACTOR)
    const { cwd, env, ca, file } = await home(t)
    const { code: exit, shown } = await onTerminal(
      { cwd, env },
      ['login', url, '--ca', ca, '--name', name],
      [
        [/Password:/, PASSWORD],
        [/Code of your second factor/, '\u0003'],
      ],
    )
    assert.equal(exit, 1)
    assert.match(shown, /broken off: nothing was done/)
    assert.equal(existsSync(file), false)
    assert.deepEqual(await door.store.sessions.list(name, door.options.now()), [])
  })
})

describe('sallyport login --device', () => {
  test('shows a code, and waits until a person approves it', { skip: NO_TERMINAL }, async (t) => {
    const { name } = await door.addUser()
    const browser = await signedIn(door, name)
    const { cwd, env, ca, session } = await home(t)
    const { code: exit, shown } = await onTerminal(
      { cwd, env },
      ['login', url, '--device', '--ca', ca],
      [
        [
          /waiting for you/,
          async (seen) => {
            const [, typed = ''] = /enter the code ([A-Z-]+)/.exec(seen) ?? []
            await answerDevice(browser, typed, 'approve')
            return ''
          },
        ],
      ],
    )
    assert.equal(exit, 0, shown)
    assert.match(shown, new RegExp(`Open ${url}/device in a browser`))
    assert.match(shown, /for another 10:00/)
    const { token, user } = await session()
    assert.equal(user, name)
    const live = await door.store.sessions.validate(digestOf(token), slotOf(name), door.options.now())
    assert.equal(live?.record.label, 'terminal')
    assert.match(live?.record.userAgent ?? '', /^sallyport on /)
  })

  test('ends when whoever waits breaks off', { skip: NO_TERMINAL }, async (t) => {
    const { cwd, env, ca, file } = await home(t)
    const { code: exit, shown } = await onTerminal(
      { cwd, env },
      ['login', url, '--device', '--ca', ca],
      [[/waiting for you/, '\u0003']],
    )
    assert.equal(exit, 1)
    assert.match(shown, /broken off: nobody was logged in/)
    assert.equal(existsSync(file), false)
  })

  test('says so where it is turned off', async (t) => {
    const closed = await startDoor('sqlite', () => ({ deviceLogin: false }))
    t.after(() => closed.close())
    const { runProcess, cwd } = await home(t)
    await writeFile(join(cwd, 'closed.pem'), closed.ca)
    const args = ['login', `https://localhost:${closed.port}`, '--device', '--ca', join(cwd, 'closed.pem')]
    const { code: exit, stderr } = await runProcess(args)
    assert.equal(exit, 1)
    assert.match(stderr, /takes no logins by a browser.*log in without --device/)
  })
})

describe('sallyport logout', () => {
  test('ends the session on the server and removes it here', async (t) => {
    const { name } = await door.addUser()
    const { run, runProcess, ca, file, session } = await home(t)
    await run(login(name, ca), PASSWORD)
    const { token } = await session()
    const { code: exit, stdout } = await runProcess(['logout'])
    assert.deepEqual([exit, stdout], [0, `logged out of ${url}\n`])
    assert.equal(await isLive(name, token), false)
    assert.equal(existsSync(file), false)
    const again = await run(['logout', url])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /you are not logged in at/)
    assert.match((await run(['logout'])).stderr, /you are not logged in anywhere/)
  })

  test('is content with a session that has ended already', async (t) => {
    const { name } = await door.addUser()
    const { run, ca, file } = await home(t)
    await run(login(name, ca), PASSWORD)
    await door.store.sessions.endAll(name)
    const { code: exit, stdout } = await run(['logout', url, '--json'])
    assert.equal(exit, 0)
    assert.deepEqual(JSON.parse(stdout), { server: url, user: name, ended: true })
    assert.equal(existsSync(file), false)
  })

  test('ASVS 14.3.1: removes it here also when the server cannot be reached, and says so', async (t) => {
    const gone = await startDoor('sqlite')
    const { name } = await gone.addUser()
    const { run, cwd, env } = await home(t)
    await writeFile(join(cwd, 'gone.pem'), gone.ca)
    const server = `https://localhost:${gone.port}`
    const args = ['login', server, '--ca', join(cwd, 'gone.pem'), '--name', name, '--password-stdin']
    assert.equal((await run(args, PASSWORD)).code, 0)
    await gone.close()
    const { code: exit, stderr } = await run(['logout'])
    assert.equal(exit, 1)
    assert.match(stderr, /nobody listens there; the session was removed here, but lasts there/)
    assert.deepEqual(await readdir(join(env['XDG_CONFIG_HOME'] ?? '', 'sallyport', 'sessions')), [])
  })

  test('asks which, where there are several', async (t) => {
    const other = await startDoor('sqlite')
    t.after(() => other.close())
    const [mine, theirs] = [await door.addUser(), await other.addUser()]
    const { run, ca, cwd, file } = await home(t)
    await writeFile(join(cwd, 'other.pem'), other.ca)
    const server = `https://localhost:${other.port}`
    await run(login(mine.name, ca), PASSWORD)
    const args = ['login', server, '--ca', join(cwd, 'other.pem'), '--name', theirs.name, '--password-stdin']
    await run(args, PASSWORD)
    const { code: exit, stderr } = await run(['logout'])
    assert.equal(exit, 1)
    assert.match(stderr, /at several servers, so say which/)
    assert.equal((await run(['logout', server])).code, 0)
    assert.ok(existsSync(file))
  })
})
