import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { newSessionToken } from '../../src/auth/session-token.ts'
import { answersIn } from '../../src/cli/answers.ts'
import { deviceLogin, type DeviceLogin } from '../../src/cli/device-login.ts'
import { passwordLogin } from '../../src/cli/password-login.ts'
import { askDoor, type PeopleDoor } from '../../src/cli/people-door.ts'
import { isSallyportError, type SallyportErrorCode } from '../../src/errors.ts'
import { LAUNCHER } from '../support/command.ts'
import { testAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A server that answers as it likes, with a certificate that is trusted; and all that it was asked. */
interface Hostile {
  readonly door: PeopleDoor
  readonly asked: readonly { readonly path: string; readonly authorization: string | undefined }[]
}

async function hostile(t: TestContext, answer: RequestListener): Promise<Hostile> {
  const authority = await testAuthority(await temporaryDirectory(t))
  const asked: { path: string; authorization: string | undefined }[] = []
  const server = createServer(authority.server, (request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization })
    answer(request, response)
  })
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { door: { origin: `https://localhost:${port}`, ca: authority.rootPem }, asked }
}

const json = (response: ServerResponse, status: number, body: unknown, headers: object = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
const fails = (code: SallyportErrorCode, words: RegExp) => (error: unknown) =>
  isSallyportError(error, code) && words.test(error.message) && !/sps_/.test(error.message)
const login = async (door: PeopleDoor, input = 'secret password\n') =>
  passwordLogin({ door, name: 'alice', answers: answersIn(input), tell: () => undefined })

test('a redirect is not followed: neither the password nor a token goes elsewhere', async (t) => {
  const elsewhere = await hostile(t, (_request, response) => json(response, 200, {}))
  for (const status of [301, 302, 303, 307, 308]) {
    const { door, asked } = await hostile(t, (_request, response) => {
      response.writeHead(status, { location: `${elsewhere.door.origin}/auth/login` }).end()
    })
    await assert.rejects(
      login(door),
      fails('UNREACHABLE', /sends us elsewhere \(30\d\), where nothing is sent to/),
    )
    const token = newSessionToken('alice')
    await assert.rejects(askDoor(door, '/auth/logout', {}, { token }), fails('UNREACHABLE', /elsewhere/))
    assert.equal(asked.length, 2)
  }
  assert.deepEqual(elsewhere.asked, [])
})

test('an answer that is none of ours is no session', async (t) => {
  const token = newSessionToken('alice')
  const user = { name: 'alice', roles: [] }
  const expiresAt = '2026-11-21T20:00:00.000Z'
  const answers: unknown[] = [
    '<html>hello</html>',
    '',
    '[]',
    '{"next":null}',
    JSON.stringify({ next: null, user, expiresAt, token: 'short' }),
    JSON.stringify({ next: null, user, expiresAt: 'soon', token }),
    JSON.stringify({ next: null, user: 'alice', expiresAt, token }),
    JSON.stringify({ next: 'dance', pending: token }),
    JSON.stringify({ next: 'enrol' }),
    `{"next":null,"padding":"${'x'.repeat(100_000)}"}`,
  ]
  for (const body of answers) {
    const { door } = await hostile(t, (_request, response) => void response.writeHead(200).end(body))
    await assert.rejects(
      login(door),
      fails('UNREACHABLE', /is it the door for people|cannot be reached|closed/),
    )
  }
})

test('what a refusal says is shown without what moves a cursor, and not at length', async (t) => {
  const message = `\u001B[2J\u202Edenied\u0007${'x'.repeat(10_000)}`
  const { door } = await hostile(t, (_request, response) =>
    json(response, 403, { error: '\u001B[1m', message }),
  )
  await assert.rejects(login(door), (error) => {
    assert.ok(isSallyportError(error, 'REFUSED'))
    for (const trick of ['\u0007', '\u001B', '\u202E']) assert.ok(!error.message.includes(trick))
    assert.ok(error.message.length < 600)
    return true
  })
})

test('each status has its words', async (t) => {
  const cases: readonly (readonly [number, object, SallyportErrorCode, RegExp])[] = [
    [429, { 'retry-after': '17' }, 'TOO_BUSY', /too many tries: wait 17 s/],
    [429, {}, 'TOO_BUSY', /wait a while/],
    [429, { 'retry-after': 'Sat, 21 Nov 2026 10:00:00 GMT' }, 'TOO_BUSY', /wait a while/],
    [503, {}, 'TOO_BUSY', /cannot do it at the moment/],
    [404, {}, 'UNREACHABLE', /no such page \(404\): is it the door for people/],
    [500, {}, 'REFUSED', /refused: it answered with 500/],
  ]
  for (const [status, headers, code, words] of cases) {
    const { door } = await hostile(t, (_request, response) => json(response, status, {}, headers))
    await assert.rejects(login(door), fails(code, words))
  }
})

test('a server that drips, or says nothing, is not waited for', async (t) => {
  const drips = await hostile(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '60000' })
    const drip = setInterval(() => response.write('x'), 20)
    response.once('close', () => clearInterval(drip))
  })
  const silent = await hostile(t, () => undefined)
  for (const { door } of [drips, silent])
    await assert.rejects(
      askDoor(door, '/auth/logout', {}, { token: newSessionToken('alice'), patience: 300 }),
      fails('UNREACHABLE', /did not answer in time/),
    )
})

test('a step that comes again and again ends, and so does the login that was begun', async (t) => {
  const pending = newSessionToken('alice')
  const { door, asked } = await hostile(t, (_request, response) =>
    json(response, 200, { next: 'second_factor', pending }),
  )
  await assert.rejects(login(door, 'password\n1\n2\n3\n'), fails('REFUSED', /no line for the question/))
  assert.equal(asked.filter(({ path }) => path === '/auth/factor').length, 3)
  assert.deepEqual(asked.at(-1), { path: '/auth/logout', authorization: `Bearer ${pending}` })
})

/** A device login with a clock of its own, and what was shown. */
function device(door: PeopleDoor, more: Partial<DeviceLogin> = {}) {
  let time = 0
  const pauses: number[] = []
  const shown: unknown[] = []
  const run = deviceLogin({
    door,
    client: 'test',
    show: (prompt) => shown.push(prompt),
    waiting: () => undefined,
    wait: async (ms) => {
      pauses.push(ms)
      time += ms
    },
    now: () => time,
    signal: new AbortController().signal,
    ...more,
  })
  return { run, pauses, shown }
}

const begun = (request: IncomingMessage, fields: object = {}) => {
  const origin = `https://${request.headers.host}`
  return {
    deviceCode: 'spd_x',
    userCode: 'BCDF-GHJK',
    verificationUri: `${origin}/device`,
    verificationUriComplete: `${origin}/device?code=BCDF-GHJK`,
    expiresIn: 60,
    interval: 5,
    ...fields,
  }
}

test('a device waits for longer when it is told to, over outages, and no longer than its code lives', async (t) => {
  const replies = [
    [400, { error: 'authorization_pending' }],
    [400, { error: 'slow_down' }],
    [503, {}],
    [429, {}],
  ] as const
  let at = 0
  const { door } = await hostile(t, (request, response) => {
    if (request.url === '/auth/device') return json(response, 200, begun(request))
    const [status, body] = replies[at++] ?? [400, { error: 'authorization_pending' }]
    json(response, status, body)
  })
  const { run, pauses } = device(door)
  await assert.rejects(run, fails('REFUSED', /nobody has approved the login in time/))
  assert.deepEqual(pauses, [5_000, 5_000, 10_000, 15_000, 20_000, 20_000].slice(0, pauses.length))
  assert.ok(pauses.reduce((sum, pause) => sum + pause, 0) < 90_000)
})

test('a device shows no page of another server, and no code that could not be typed', async (t) => {
  const lies: readonly object[] = [
    { verificationUri: 'https://evil.example/device' },
    { verificationUriComplete: 'https://evil.example/device?code=BCDF-GHJK' },
    { verificationUri: 'javascript:alert(1)' },
    { userCode: '\u001B[2JBCDF' },
    { userCode: 'x'.repeat(1_000) },
    { interval: 0 },
    { expiresIn: 1e9 },
    { deviceCode: 7 },
  ]
  for (const lie of lies) {
    const { door } = await hostile(t, (request, response) => json(response, 200, begun(request, lie)))
    const { run, shown } = device(door)
    await assert.rejects(run, fails('UNREACHABLE', /is it the door for people/))
    assert.deepEqual(shown, [])
  }
})

test('a device that is broken off while the server does not answer says so at once', async (t) => {
  for (const silent of ['/auth/device', '/auth/device/token']) {
    const stop = new AbortController()
    const { door } = await hostile(t, (request, response) => {
      if (request.url === silent) return stop.abort()
      json(response, 200, begun(request))
    })
    const { run } = device(door, { signal: stop.signal })
    await assert.rejects(run, fails('REFUSED', /^broken off: nobody was logged in$/))
  }
})

// Less than a question may take.
const AT_ONCE = { timeout: 15_000 }

test('sallyport login --device ends at once when it is interrupted while it asks', AT_ONCE, async (t) => {
  const cwd = await temporaryDirectory(t)
  const polled = Promise.withResolvers<void>()
  const { door } = await hostile(t, (request, response) => {
    if (request.url === '/auth/device/token') return polled.resolve()
    json(response, 200, begun(request, { interval: 1 }))
  })
  const ca = join(cwd, 'root.pem')
  await writeFile(ca, door.ca ?? '')
  const child = spawn(process.execPath, [LAUNCHER, 'login', door.origin, '--device', '--ca', ca], { cwd })
  t.after(() => child.kill('SIGKILL'))
  const [said, ended] = [text(child.stderr), once(child, 'exit')]
  await polled.promise
  child.kill('SIGINT')
  assert.deepEqual(await ended, [1, null])
  assert.match(await said, /sallyport: broken off: nobody was logged in\n$/)
})
