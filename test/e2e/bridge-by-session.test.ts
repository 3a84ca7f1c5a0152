import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { keepSession, sessionFile } from '../../src/cli/session-file.ts'
import { bridgedClient, rawBridge, type RawBridge } from '../support/bridge.ts'
import { sallyport } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { modernCall } from '../support/messages.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openSession } from '../support/session.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

let server: TestServer
let origin: string
before(async () => {
  server = await startServer()
  origin = `https://localhost:${server.ports.people}`
})
after(() => server.close())

interface LoggedIn {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly file: string
  /** Logs in anew. */
  login(user?: string): Promise<{ digest: string }>
}

/** Somebody with a session that is kept, and no certificate. */
async function loggedIn(t: TestContext): Promise<LoggedIn> {
  const cwd = await temporaryDirectory(t)
  const env = { XDG_CONFIG_HOME: join(cwd, 'config') }
  const login = async (user = 'alice') => {
    const { token, digest } = await openSession(server, user)
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    await keepSession({ server: origin, ca: server.authority.rootPem, user, token, expiresAt }, env)
    return { digest }
  }
  return { cwd, env, file: sessionFile(origin, env), login }
}

const whoami = async (bridge: RawBridge, id: string) => {
  bridge.say(modernCall(id, 'whoami'))
  const { result, error } = await bridge.heard((message) => message.id === id)
  const content = result?.['structuredContent'] as { principal?: string } | undefined
  return { principal: content?.principal, error }
}

describe('a bridge by the session of "sallyport login"', () => {
  for (const session of [true, undefined] as const)
    test(`is its user, ${session ? 'when told to' : 'where there is no certificate'}`, async (t) => {
      const { cwd, env, login } = await loggedIn(t)
      await login()
      const bridge = rawBridge(t, { url: origin, cwd, env, ...(session ? { session } : {}) })
      assert.equal((await whoami(bridge, 'one')).principal, 'user:alice')
      assert.match(bridge.stderr(), /connected to .* by the session of "alice"/)
      assert.equal(await bridge.close(), 0)
    })

  test('says to log in again when it ends, answers what is asked, and takes up the next login', async (t) => {
    const { cwd, env, login } = await loggedIn(t)
    const { digest } = await login()
    const bridge = rawBridge(t, { url: origin, cwd, env, session: true })
    await whoami(bridge, 'before')
    await server.store.sessions.end(digest, slotOf('alice'))
    for (const id of ['ended', 'and again']) {
      const { error } = await whoami(bridge, id)
      assert.equal(error?.code, -32_000)
      assert.match(
        error?.message ?? '',
        new RegExp(`has ended: log in again with "sallyport login ${origin}"`),
      )
    }
    await bridge.told(/has ended: log in again with "sallyport login/)
    await login('bob')
    assert.equal((await whoami(bridge, 'after')).principal, 'user:bob')
    assert.equal(await bridge.close(), 0)
  })

  test('asks the server nothing more by a session that has ended', async (t) => {
    const { cwd, env, login } = await loggedIn(t)
    const { digest } = await login()
    const bridge = rawBridge(t, { url: origin, cwd, env, session: true })
    await whoami(bridge, 'before')
    await server.store.sessions.end(digest, slotOf('alice'))
    const refusals = () =>
      server.events.filter((one) => one.event === 'request.refused' && one.reason === 'session_invalid')
        .length
    const earlier = refusals()
    for (let at = 0; at < 10; at++) await whoami(bridge, `asked ${at}`)
    assert.equal(refusals() - earlier, 1)
    await bridge.close()
  })

  test('stops when its user logs out, and goes on with the next login', async (t) => {
    const { cwd, env, login, file } = await loggedIn(t)
    await login()
    const bridge = rawBridge(t, { url: origin, cwd, env, session: true })
    await whoami(bridge, 'before')
    const { code, stderr } = await inProcess(['logout'], { cwd, env })
    assert.equal(code, 0, stderr)
    assert.match((await whoami(bridge, 'gone')).error?.message ?? '', /has ended: log in again/)
    await login()
    assert.equal((await whoami(bridge, 'after')).principal, 'user:alice')
    await chmod(file, 0o644)
    await server.store.sessions.endAll('alice')
    assert.match((await whoami(bridge, 'open')).error?.message ?? '', /open to others than its owner/)
    await bridge.close()
  })

  test('keeps a client of 2025 with its session of the protocol over a new login', async (t) => {
    const { cwd, env, login } = await loggedIn(t)
    const { digest } = await login()
    const { client } = await bridgedClient(t, '1.x', { url: origin, cwd, env, session: true })
    assert.ok((await client.listTools()).tools.length > 0)
    await login()
    await server.store.sessions.end(digest, slotOf('alice'))
    assert.ok((await client.listTools()).tools.length > 0)
  })
})

test('a bridge does not begin with a session that others can read, nor with that of another server', async (t) => {
  const { cwd, env, login, file } = await loggedIn(t)
  await login()
  const other = await sallyport(['connect', 'https://localhost:1', '--session'], { cwd, env })
  assert.equal(other.code, 1)
  assert.match(other.stderr, /you are not logged in at https:\/\/localhost:1/)
  await chmod(file, 0o644)
  const open = await inProcess(['connect', origin, '--session'], { cwd, env })
  assert.equal(open.code, 1)
  assert.match(open.stderr, /is open to others than its owner \(mode 644\): run "chmod 600/)
})

test('at the door for certificates a bridge by session ends, and says so', async (t) => {
  const { cwd, env } = await loggedIn(t)
  const { token } = await openSession(server, 'alice')
  const url = `https://localhost:${server.ports.certificates}`
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  await keepSession({ server: url, ca: server.authority.rootPem, user: 'alice', token, expiresAt }, env)
  const bridge = rawBridge(t, { url, cwd, env, session: true })
  bridge.say(modernCall('one', 'whoami'))
  assert.equal(await bridge.ended, 1)
  assert.match(bridge.stderr(), /closed the connection: is it the door for people\?/)
})

test('"tools" and "call" take a session, too', async (t) => {
  const { cwd, env, login } = await loggedIn(t)
  assert.match((await inProcess(['tools', '--session'], { cwd, env })).stderr, /not logged in anywhere/)
  const { digest } = await login('bob')
  const tools = await inProcess(['tools', '--session', '--json'], { cwd, env })
  assert.equal(tools.code, 0, tools.stderr)
  assert.ok((JSON.parse(tools.stdout) as { name: string }[]).some(({ name }) => name === 'notes_list'))
  const call = await inProcess(['call', 'whoami', '--session', '--url', origin], { cwd, env })
  assert.match(call.stdout, /user:bob/)
  assert.equal((await inProcess(['tools', '--session', '--as', 'demo'], { cwd, env })).code, 2)
  await server.store.sessions.end(digest, slotOf('bob'))
  const ended = await inProcess(['call', 'whoami', '--session'], { cwd, env })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /has ended: log in again with/)
})
