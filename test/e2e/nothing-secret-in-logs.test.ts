import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { ask, INITIALIZE, legacy, modern, type Answer, type Ask } from '../support/clients.ts'
import { startCollector, type Collector } from '../support/collector.ts'
import { ANY_PORTS, serving, type Finished, type Served } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { testBrowser, type TestBrowser } from '../support/login-door.ts'
import { metricsAt } from '../support/metrics.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { startServer } from '../support/server.ts'
import { secretsUsed, type Secrets } from '../support/secrets.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { totpCode } from '../support/totp.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const secret = (): string => randomBytes(24).toString('base64url')

/** A whole installation in processes of its own, and every text that it gives away. */
interface Run {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly secrets: Secrets
  readonly redis: RedisServer
  readonly collector: Collector
  readonly served: Served
  readonly ca: string
  /** What commands printed, and what was answered to strangers. */
  readonly texts: [where: string, text: string][]
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  command(args: readonly string[], input?: string): Promise<Finished>
}

/** What operators need to see: this alone of what was thrown may be in the log and on the audit trail. */
const EXCEPTION = 'what the tool threw'

const TOOL = (thrown: string): string => `
export const tools = [{
  name: 'burst',
  description: 'Throws.',
  inputSchema: { type: 'object' },
  permission: 'burst:call',
  async prepare() {
    return { kind: 'ready', run: async () => { throw new Error('${thrown}') } }
  },
}]
`

/** Nobody is there: what is kept for it is all that matters. */
const UPSTREAM = `
upstreams:
  wiki:
    url: https://127.0.0.1:9/mcp
    headers: { Authorization: "Bearer \${user:token}" }
`

async function started(t: TestContext): Promise<Run> {
  const cwd = await temporaryDirectory(t)
  const secrets = secretsUsed()
  const redis = await startRedis({ password: secrets.keep('password of Redis', secret()) })
  t.after(async () => redis.stop())
  const collector = await startCollector(t)
  await writeFile(join(cwd, 'tools.mjs'), TOOL(secrets.keep(EXCEPTION, secret())))
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    `tools: [ tools.mjs ]\ntelemetry: { traces: { principal: true } }\n${UPSTREAM}`,
  )
  const env = {
    SALLYPORT_STORE: redis.url,
    SALLYPORT_SESSION_SECRET: secrets.keep('session secret', secret().repeat(2)),
    SALLYPORT_FACTOR_KEY: secrets.keep('factor key', secret().repeat(2)),
    SALLYPORT_IDENTITY_KEY: secrets.keep('identity key', secret().repeat(2)),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secrets.keep('header for the collector', secret())}`,
  }
  const served = await serving('start', { cwd, env })
  t.after(async () => served.stop())
  const ca = readFileSync(join(cwd, 'certs/ca/root.pem'), 'utf8')
  const texts: Run['texts'] = []
  return {
    cwd,
    env,
    secrets,
    redis,
    collector,
    served,
    ca,
    texts,
    post: async (path, body, headers = {}) =>
      ask({
        port: served.ports.people,
        ca,
        path,
        headers: { ...JSON_TYPE, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async command(args, input) {
      const { certificates, people, operations } = served.ports
      const ports = {
        SALLYPORT_PORT: String(certificates),
        SALLYPORT_LOGIN_PORT: String(people),
        SALLYPORT_OPERATIONS_PORT: String(operations),
      }
      const finished = await inProcess(args, {
        cwd,
        env: { ...ANY_PORTS, ...env, ...ports },
        ...(input === undefined ? {} : { input }),
      })
      texts.push([`${args.join(' ')}: standard error`, finished.stderr])
      return finished
    },
  }
}

async function rawRedis({ url }: RedisServer): Promise<AsyncDisposable & { readonly client: Redis }> {
  const client = new Redis(url)
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() }
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** The first person: password, second factor, recovery code, sessions for programs, browsers and devices. */
async function firstPerson(run: Run): Promise<{ readonly token: string; readonly browser: TestBrowser }> {
  const { post, secrets, served } = run
  const said = async <Body>(answer: Promise<Answer>): Promise<Body> => {
    const { status, body } = await answer
    assert.equal(status, 200, body)
    return JSON.parse(body) as Body
  }
  const line = served.lines.find((text) => text.startsWith('one-time password: ')) ?? ''
  const printed = secrets.keep('one-time password', line.replace('one-time password: ', ''))
  const password = secrets.keep('password', 'four words without sense')
  const credentials = { username: 'admin', password: printed, token: true }
  const first = await said<{ pending: string }>(post('/auth/login', credentials))
  secrets.keep('pending login', first.pending)
  const changed = await said<{ pending: string }>(
    post('/auth/password', { newPassword: password }, bearer(first.pending)),
  )
  const held = bearer(secrets.keep('pending enrolment', changed.pending))
  const totp = await said<{ secret: string; uri: string }>(post('/auth/enrol/totp', {}, held))
  secrets.keep('TOTP secret', totp.secret)
  const code = secrets.keep('TOTP code', totpCode(totp.secret, Date.now()))
  const enrolled = await said<{ token: string; recoveryCodes: string[] }>(
    post('/auth/enrol/totp', { code }, held),
  )
  for (const [at, one] of enrolled.recoveryCodes.entries()) secrets.keep(`recovery code ${at}`, one)
  const token = secrets.keep('session token', enrolled.token)

  for (const attempt of ['guess', 'guess with a token']) {
    const guess = secrets.keep(attempt, secret())
    const failed = await post('/auth/login', {
      username: 'admin',
      password: guess,
      token: attempt !== 'guess',
    })
    assert.ok(failed.status === 401 || failed.status === 429, failed.body)
  }
  const browser = await browse(run, password, enrolled.recoveryCodes)
  await device(run, browser)
  return { token, browser }
}

async function browse(run: Run, password: string, recoveryCodes: readonly string[]): Promise<TestBrowser> {
  const { secrets, served, ca } = run
  const port = served.ports.people
  const browser = testBrowser({
    ask: async (path, more = {}) => {
      const headers = {
        ...more.headers,
        ...(more.method === 'POST' ? { origin: `https://localhost:${port}` } : {}),
      }
      return ask({ port, ca, path, method: 'GET', ...more, headers })
    },
  })
  const cookie = (name: string): string => secrets.keep(name, browser.cookies.get('__Host-sallyport') ?? '')
  await browser.get('/login')
  const first = await browser.submit('/auth/login', { username: 'admin', password })
  assert.equal(first.status, 303, first.body)
  cookie('cookie of a login')
  await browser.get('/second-factor')
  const second = await browser.submit('/auth/factor', { code: recoveryCodes[0] ?? '' })
  assert.equal(second.status, 303, second.body)
  const value = cookie('session cookie')
  secrets.keep(
    'session token in the cookie',
    decodeURIComponent(value).replace(/^s:/, '').split('.')[0] ?? '',
  )
  const account = await browser.get('/account')
  const [, formToken = ''] =
    /name="csrf"[^>]*value="([^"]+)"|name="[^"]*token[^"]*"[^>]*value="([^"]+)"/i.exec(account.body) ?? []
  if (formToken !== '') secrets.keep('form token', formToken)
  return browser
}

async function device({ post, secrets }: Run, browser: TestBrowser): Promise<void> {
  const asked = JSON.parse((await post('/auth/device', { client: 'a terminal' })).body) as Record<
    string,
    string
  >
  const deviceCode = secrets.keep('device code', asked['deviceCode'] ?? '')
  const userCode = secrets.keep('user code', asked['userCode'] ?? '')
  await browser.get('/device')
  const approved = await browser.submit('/auth/device/approve', { code: userCode })
  assert.equal(approved.status, 200, approved.body)
  await browser.submit('/auth/device/approve', { decision: 'approve' })
  const { token } = JSON.parse((await post('/auth/device/token', { deviceCode })).body) as { token?: string }
  if (token !== undefined) secrets.keep('session token of a device', token)
}

/** Calls by certificate and by session, of which one throws; every argument is a canary. */
async function calls(run: Run, token: string): Promise<void> {
  const { cwd, secrets, served, ca } = run
  const folder = join(cwd, 'certs/clients/admin-cli')
  const key = readFileSync(join(folder, 'client.key.pem'), 'utf8')
  for (const path of [
    'certs/clients/admin-cli/client.key.pem',
    'certs/server/server.key.pem',
    'certs/ca/issuing.key.pem',
  ])
    secrets.keep(path, readFileSync(join(cwd, path), 'utf8').split('\n')[1] ?? '')
  const admin = {
    port: served.ports.certificates,
    ca,
    cert: readFileSync(join(folder, 'client.pem'), 'utf8'),
    key,
  }
  const argument = (): string => secrets.keep('argument', secret())
  const call = async (name: string, args: object, to: Partial<Ask> = {}): Promise<Answer> => {
    const message = modern('tools/call', { name, arguments: args })
    return ask({ ...admin, ...message, ...to, headers: { ...message.headers, ...to.headers } })
  }
  assert.match((await call('notes_write', { id: 'a', text: argument() })).body, /"isError":false|"content"/)
  assert.match((await call('burst', { value: argument() })).body, /The tool failed/)
  await call('notes_write', { id: argument().toLowerCase(), text: 5, [argument()]: argument() })
  await call('there_is_none', { value: argument() })
  const person = { port: served.ports.people, ca, headers: bearer(token) }
  assert.equal(
    (await call('notes_write', { id: 'b', text: argument() }, { ...person, cert: '', key: '' })).status,
    200,
  )
  await ask({ ...admin, ...legacy('initialize', { ...INITIALIZE, _meta: { value: argument() } }) })
  // Both, of which one is bad: refused, with the good one in hand.
  const conflict = await call(
    'whoami',
    {},
    { headers: bearer(secrets.keep('bad session token', `sps_${secret()}`)) },
  )
  assert.equal(conflict.status, 401)
}

/** What is no request, with secrets in it all the same. */
async function malformed({ post, secrets, served, ca }: Run): Promise<void> {
  const junk = (name: string): string => secrets.keep(name, secret())
  await post('/mcp', '{"jsonrpc":', bearer(junk('token of a broken body')))
  await post(
    '/mcp',
    `{"jsonrpc":"2.0","method":"${junk('method that is none')}"}`,
    bearer(junk('token of no session')),
  )
  await post('/mcp', '{}', {
    authorization: `Basic ${Buffer.from(`admin:${junk('basic password')}`).toString('base64')}`,
  })
  await post('/mcp', '{}', { cookie: `__Host-sallyport=s%3A${junk('forged cookie')}.x` })
  await post('/auth/login', `{"username":"admin","password":"${junk('password of a broken body')}`)
  await post('/auth/login', { username: 'admin', password: [junk('password in a list')] })
  await post('/auth/login', { username: junk('password typed as a name'), password: 'x' })
  await post(`/auth/login?password=${junk('password in the address')}`, {})
  await post(`/${junk('secret in a path')}`, {})
  await post('/auth/factor', { code: junk('code that is none') }, bearer(junk('token that is none')))
  await post('/pki/enroll', {
    token: junk('enrolment token that is none'),
    csr: junk('request that is none'),
  })
  await ask({
    port: served.ports.people,
    ca,
    path: '/auth/login',
    headers: { ...JSON_TYPE, authorization: ['a', junk('second of two')] },
    body: '{}',
  })
  // Not even HTTP, with a credential in it.
  const socket = connect({ host: '127.0.0.1', servername: 'localhost', port: served.ports.people, ca })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  socket.write(
    `GET / HTTP/1.1\r\nAuthorization: Bearer ${junk('token of no HTTP')}\r\nbroken header ${junk('no header')}\r\n\r\n`,
  )
  socket.resume()
  await once(socket, 'close')
}

async function enrolment(run: Run): Promise<void> {
  const { command, secrets, cwd, served } = run
  const offered = await command(['cert', 'token', 'billing', '--role', 'reader'])
  assert.equal(offered.code, 0, offered.stderr)
  const token = secrets.keep('enrolment token', offered.stdout.trim())
  const folder = join(cwd, 'enrolled')
  const enrolled = await command(
    ['enroll', `https://localhost:${served.ports.people}`, '--dir', folder],
    token,
  )
  assert.equal(enrolled.code, 0, enrolled.stderr)
  run.texts.push(['enroll: standard output', enrolled.stdout])
  for (const file of readdirSync(folder).filter((name) => name.includes('key')))
    secrets.keep(`enrolled ${file}`, readFileSync(join(folder, file), 'utf8').split('\n')[1] ?? '')
  const again = await command(
    ['enroll', `https://localhost:${served.ports.people}`, '--dir', join(cwd, 'x')],
    token,
  )
  assert.equal(again.code, 1)
}

/** A key for an upstream, by command and by a session, good and bad. */
async function keys({ command, post, secrets, texts }: Run, token: string): Promise<void> {
  const key = (name: string): string => secrets.keep(name, secret())
  const set = ['vault', 'set', 'wiki', 'token', '--for', 'user:admin', '--stdin']
  const done = await command(set, key('key for an upstream'))
  assert.equal(done.code, 0, done.stderr)
  const refused = await command(set, `${key('key of two lines')}\n${key('second line of a key')}`)
  assert.equal(refused.code, 1)
  const listed = await command(['vault', 'list', '--json'])
  assert.match(listed.stdout, /"user:admin"/)
  texts.push(['vault: standard output', done.stdout + refused.stdout + listed.stdout])
  const place = { upstream: 'wiki', name: 'token' }
  for (const body of [
    { ...place, value: key('key that was posted') },
    { ...place, value: [key('key in a list')] },
    { ...place, name: 'other', value: key('key that nothing asks for') },
    { ...place, value: key('key beside a field that is none'), another: '' },
  ]) {
    const answer = await post('/auth/secret', body, bearer(token))
    texts.push(['answer to a key', answer.body])
  }
  await command(['vault', 'remove', '--all', '--for', 'user:admin'])
}

/** A store that refuses to write says what it was to write. */
async function fullStore(run: Run, token: string): Promise<void> {
  const { post, redis, secrets, texts } = run
  await using raw = await rawRedis(redis)
  await raw.client.config('SET', 'maxmemory', '1')
  const note = modern('tools/call', {
    name: 'notes_write',
    arguments: { id: 'c', text: secrets.keep('note that was not kept', secret()) },
  })
  const answer = await post('/mcp', note.body, { ...note.headers, ...bearer(token) })
  assert.match(answer.body, /The tool failed/)
  texts.push(['answer of a full store', answer.body])
  await post('/auth/login', {
    username: 'admin',
    password: secrets.keep('password with a full store', secret()),
  })
  await raw.client.config('SET', 'maxmemory', '0')
}

/** What goes wrong while it runs: a policy that is none, and a store that is gone. */
async function troubles(run: Run, token: string): Promise<void> {
  const { cwd, served, redis, post } = run
  await fullStore(run, token)
  await appendFile(join(cwd, 'access.yaml'), '\nrules: [ broken\n')
  await served.logged(/access policy was refused/)
  run.texts.push(['metrics', (await metricsAt(served.ports.operations)).text])
  await redis.stop()
  const gone = await post('/mcp', modern('tools/list').body, {
    ...modern('tools/list').headers,
    ...bearer(token),
  })
  assert.equal(gone.status, 503, gone.body)
  await post('/auth/login', {
    username: 'admin',
    password: run.secrets.keep('password without a store', secret()),
  })
  for (const path of ['readyz', 'healthz', 'metrics']) {
    const answer = await fetch(`http://127.0.0.1:${served.ports.operations}/${path}`)
    run.texts.push([path, await answer.text()])
  }
}

test('no secret of a whole run is in a log, on the audit trail, in metrics or in traces', async (t) => {
  const run = await started(t)
  const { cwd, served, secrets, collector, texts } = run
  const { token } = await firstPerson(run)
  await enrolment(run)
  await calls(run, token)
  await keys(run, token)
  await malformed(run)
  await troubles(run, token)
  await served.stop()

  const audit = readdirSync(join(cwd, 'data/audit')).map((file) =>
    readFileSync(join(cwd, 'data/audit', file), 'utf8'),
  )
  const log = served.log.join('\n')
  const output = served.lines.filter((line) => !line.startsWith('one-time password: ')).join('\n')
  assert.match(log, /something went wrong in a request/)
  assert.match(audit.join('\n'), /tool\.decided[^]*session\.opened|session\.opened[^]*tool\.decided/)
  assert.ok(collector.spans.some(({ name }) => name === 'tools/call'))
  assert.ok(secrets.names.length > 50, `${secrets.names.length} secrets`)
  const everywhere: Run['texts'] = [
    ['standard output', output],
    ['log', log],
    ['audit trail', audit.join('\n')],
    ['traces', collector.bodies.join('\n')],
    ...texts,
  ]
  const told = (where: string): readonly string[] =>
    ['log', 'audit trail'].includes(where) ? [EXCEPTION] : []
  for (const [where, text] of everywhere) {
    assert.notEqual(`${where}${text}`, where === 'log' ? where : '', 'something was said')
    assert.deepEqual(
      secrets.foundIn(text).filter((name) => !told(where).includes(name)),
      [],
      where,
    )
  }
})

test('a log that takes every word, down to those for developers, has none of what callers sent', async (t) => {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const server = await startServer({ log })
  t.after(async () => server.close())
  const to = {
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    ...(await server.authority.client('admin-cli')),
  }
  const secrets = secretsUsed()
  const canary = (): string => secrets.keep('canary', secret())
  const good = modern('tools/call', { name: 'whoami', arguments: { value: canary() } })
  const bodies = [
    good.body,
    good.body.replace('2026-07-28', canary()),
    good.body.replace('"2.0"', `"${canary()}"`),
    good.body.replace('"whoami"', `["${canary()}"]`),
    good.body.replace('"id":1', `"id":{"${canary()}":1}`),
    good.body.replace('"method"', `"${canary()}"`),
    `"${canary()}"`,
    `{"${canary()}`,
  ]
  for (const body of bodies) {
    await ask({ ...to, headers: { ...good.headers, authorization: canary() }, body })
    await ask({ ...to, headers: { ...good.headers, 'x-canary': canary() }, body })
    await ask({ ...to, headers: { ...good.headers, 'mcp-name': canary(), 'mcp-session-id': canary() }, body })
  }
  const initialize = legacy('initialize', { ...INITIALIZE, protocolVersion: canary() })
  await ask({ ...to, ...initialize, headers: { ...initialize.headers, accept: canary() } })
  assert.ok(lines.length > 0, 'something was said')
  assert.deepEqual(secrets.foundIn(lines.join('')), [])
})
