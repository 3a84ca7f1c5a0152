import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { SecureContextOptions } from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import { newKeyPair, privateKeyPem } from '../../src/pki/key.ts'
import { newRequest } from '../../src/pki/new-request.ts'
import { ask, modern, type Answer } from '../support/clients.ts'
import { totpCode } from '../support/totp.ts'

/**
 * `npm run test:docker`: builds the image, brings the stack of docker-compose.yml up under a name and on ports of its
 * own, uses it from outside, and takes it away again.
 *
 * BASE_IMAGES_SCRIPT may name a script that brings an engine and the base images up where no registry is reached.
 * Without an engine nothing is tested and nothing fails, unless CI_REQUIRE_DOCKER is set.
 */

const HOME = '/var/lib/sallyport'
const LAUNCH = ['node', 'src/cli/launch.js']
/** A build on a slow machine and network. In ms. */
const LONGEST_COMMAND = 15 * 60_000
const HEALTH_TRIES = 90
const PAUSE = 1_000
/** Two seconds. */
const REVOKED_TRIES = 10
/** Docker kills what does not end by itself in ten seconds. */
const LONGEST_STOP = 8_000

/** What a command printed, and how it ended. */
interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The stack under its own name and ports. */
interface Stack {
  readonly certificatesPort: number
  readonly peoplePort: number
  /** Runs a compose command; throws with its output if it fails. */
  compose(...args: readonly string[]): string
  /** Runs a command in a running container. */
  exec(service: string, ...command: readonly string[]): Ended
  container(service: string): string
  logs(): string
  down(): Ended
}

/** Runs the steps and counts them. */
interface Steps {
  /** What the rest depends on: a failure ends the test. */
  need<T>(name: string, work: () => T | Promise<T>): Promise<T>
  /** What stands alone: a failure is counted and the rest goes on. */
  check(name: string, work: () => void | Promise<void>): Promise<void>
  counts(): { readonly passed: number; readonly failed: number }
}

function run(command: readonly string[], environment: NodeJS.ProcessEnv = process.env): Ended {
  const [program = '', ...args] = command
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env: environment,
    encoding: 'utf8',
    timeout: LONGEST_COMMAND,
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { code: status, stdout, stderr: error === undefined ? stderr : `${stderr}${error.message}` }
}

function output(command: readonly string[], environment?: NodeJS.ProcessEnv): string {
  const { code, stdout, stderr } = run(command, environment)
  assert.equal(code, 0, `${command.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
  return stdout
}

function works(...command: readonly string[]): boolean {
  return run(command).code === 0
}

function createSteps(): Steps {
  let passed = 0
  let failed = 0
  const timed = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const start = performance.now()
    const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`
    try {
      const result = await work()
      passed += 1
      console.log(`ok      ${name} (${seconds()})`)
      return result
    } catch (error) {
      failed += 1
      console.log(`FAILED  ${name} (${seconds()})`)
      console.error(error instanceof Error ? error.message : error)
      throw error
    }
  }
  return {
    need: timed,
    check: async (name, work) => timed(name, work).catch(() => undefined),
    counts: () => ({ passed, failed }),
  }
}

function createStack(composeCommand: readonly string[], ports: readonly number[]): Stack {
  const [certificatesPort = 0, peoplePort = 0] = ports
  const project = `sallyport-test-${randomBytes(4).toString('hex')}`
  const environment = {
    ...process.env,
    SALLYPORT_BIND: '127.0.0.1',
    SALLYPORT_PORT: String(certificatesPort),
    SALLYPORT_LOGIN_PORT: String(peoplePort),
  }
  const file = new URL('../../docker-compose.yml', import.meta.url).pathname
  const words = [...composeCommand, '-f', file, '-p', project]
  const compose = (...args: readonly string[]): string => output([...words, ...args], environment)
  return {
    certificatesPort,
    peoplePort,
    compose,
    exec: (service, ...command) => run([...words, 'exec', '-T', service, ...command], environment),
    container: (service) => compose('ps', '-a', '-q', service).trim(),
    logs: () => run([...words, 'logs', '--no-color'], environment).stdout,
    down: () => run([...words, 'down', '-v', '--rmi', 'local', '--remove-orphans'], environment),
  }
}

/** Two ports that are free now, and not the same. */
async function freePorts(): Promise<readonly number[]> {
  const probes = [createServer(), createServer()]
  const ports: number[] = []
  for (const probe of probes) {
    await once(probe.listen(0, '127.0.0.1'), 'listening')
    ports.push((probe.address() as AddressInfo).port)
  }
  for (const probe of probes) await once(probe.close(), 'close')
  return ports
}

/** Polls, a bounded number of times. */
async function healthy(stack: Stack, service: string): Promise<void> {
  const id = stack.container(service)
  const state = (): string =>
    output(['docker', 'inspect', '--format', '{{.State.Status}} {{.State.Health.Status}}', id]).trim()
  for (let attempt = 0; attempt < HEALTH_TRIES; attempt++) {
    if (state() === 'running healthy') return
    await wait(PAUSE)
  }
  assert.fail(`${service} is not healthy: ${state()}`)
}

function oneTimePassword(text: string): string {
  return /one-time password: (\S+)/.exec(text)?.[1] ?? assert.fail(`no one-time password in:\n${text}`)
}

/** What a client of the certificate door has. */
async function copiedCredentials(stack: Stack, directory: string): Promise<SecureContextOptions> {
  const id = stack.container('init')
  for (const path of ['ca/root.pem', 'clients/demo/client.pem', 'clients/demo/client.key.pem'])
    output(['docker', 'cp', `${id}:${HOME}/certs/${path}`, directory])
  const read = async (name: string): Promise<string> => readFile(join(directory, name), 'utf8')
  return {
    ca: await read('root.pem'),
    cert: await read('client.pem'),
    key: await read('client.key.pem'),
  }
}

interface Caller extends SecureContextOptions {
  readonly port: number
  readonly token?: string
}

async function principalOf({ token, ...caller }: Caller): Promise<string> {
  const { headers, body } = modern('tools/call', { name: 'whoami', arguments: {} })
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await ask({ ...caller, headers: { ...headers, ...bearer }, body })
  assert.equal(answer.status, 200, answer.body)
  const { result } = answer.json() as { result: { structuredContent: { principal: string } } }
  return result.structuredContent.principal
}

async function post(
  { token, ...caller }: Caller,
  path: string,
  fields: Record<string, unknown>,
): Promise<Answer> {
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const headers = { 'content-type': 'application/json', ...bearer }
  return ask({ ...caller, path, headers, body: JSON.stringify(fields) })
}

/** What a step of a login answers. */
interface LoginAnswer {
  readonly next: string | null
  readonly pending?: string
  readonly token?: string
}

/** Logs in with a one-time password, sets a new one and a second factor, and returns the token of the session. */
async function loggedIn(caller: Caller, password: string): Promise<string> {
  const first = await step(caller, '/auth/login', { username: 'admin', password, token: true })
  assert.equal(first.next, 'change_password')
  const newPassword = randomBytes(24).toString('base64url')
  const second = await step({ ...caller, token: first.pending ?? '' }, '/auth/password', { newPassword })
  assert.equal(second.next, 'enrol')
  const pending = { ...caller, token: second.pending ?? '' }
  const asked = await post(pending, '/auth/enrol/totp', {})
  assert.equal(asked.status, 200, asked.body)
  const { secret } = asked.json() as { secret: string }
  const done = await step(pending, '/auth/enrol/totp', { code: totpCode(secret, Date.now()) })
  assert.equal(done.next, null)
  return done.token ?? ''
}

async function step(caller: Caller, path: string, body: Record<string, unknown>): Promise<LoginAnswer> {
  const answer = await post(caller, path, body)
  assert.equal(answer.status, 200, answer.body)
  return answer.json() as LoginAnswer
}

/** The credentials with a new key and certificate, which the issuer gives through the server. */
async function renewed(caller: Caller): Promise<Caller> {
  const keys = await newKeyPair()
  const answer = await post(caller, '/pki/renew', { csr: await newRequest(keys) })
  assert.equal(answer.status, 200, answer.body)
  const { certificate } = answer.json() as { certificate: string }
  return { ...caller, cert: certificate, key: await privateKeyPem(keys.privateKey) }
}

/** Nobody is who was revoked: neither by the certificate that was, nor by what renewed it. */
async function assertRevoked(stack: Stack, service: string, ...callers: readonly Caller[]): Promise<void> {
  said(stack.exec('issuer', ...LAUNCH, 'cert', 'revoke', service))
  for (let attempt = 0; attempt < REVOKED_TRIES; attempt++) {
    const { status } = await post(callers[0] ?? assert.fail(), '/mcp', {})
    if (status === 401) break
    await wait(PAUSE / 5)
  }
  for (const caller of callers) assert.equal((await post(caller, '/mcp', {})).status, 401)
}

/** Who the server runs as, and what it could do: asked in its own container. */
function assertConfined(stack: Stack): void {
  const script = `
    const { readFileSync, writeFileSync } = require('node:fs')
    const refused = (path) => { try { writeFileSync(path, ''); return 'written' } catch ({ code }) { return code } }
    const status = readFileSync('/proc/self/status', 'utf8')
    const field = (name) => status.match(new RegExp('^' + name + ':\\\\s*(.*)$', 'm'))[1]
    console.log(JSON.stringify({
      uid: process.getuid(), gid: process.getgid(), capabilities: field('CapEff'), noNewPrivileges: field('NoNewPrivs'),
      app: refused('/app/x'), certs: refused('${HOME}/certs/x'), tmp: refused('/tmp/x'),
    }))`
  assert.deepEqual(JSON.parse(said(stack.exec('sallyport', 'node', '-e', script))), {
    uid: 1000,
    gid: 1000,
    capabilities: '0000000000000000',
    noNewPrivileges: '1',
    app: 'EROFS',
    certs: 'EROFS',
    tmp: 'written',
  })
}

function said({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return stdout
}

/** No key of the CA and of no client is where the server could read it. */
function assertNoForeignKeys(stack: Stack): void {
  const found = said(stack.exec('sallyport', 'find', HOME, '-name', '*.key.pem'))
  assert.deepEqual(found.trim().split('\n'), [`${HOME}/certs/server/server.key.pem`])
}

/** Neither secret is in what Docker tells about the containers, and Redis asks for its own. */
function assertSecretsKept(stack: Stack): void {
  const conf = said(stack.exec('redis', 'cat', '/data/redis.conf'))
  const password = /^requirepass (\S{32,})$/m.exec(conf)?.[1] ?? assert.fail('Redis has no password')
  const secret = said(stack.exec('sallyport', 'cat', `${HOME}/data/session-secret`)).trim()
  const told = output(['docker', 'inspect', ...stack.compose('ps', '-a', '-q').trim().split('\n')])
  assert.ok(secret.length >= 32 && !told.includes(secret) && !told.includes(password))
  assert.match(said(stack.exec('redis', 'redis-cli', 'ping')), /NOAUTH/)
}

function assertStopsByItself(stack: Stack): void {
  const start = performance.now()
  stack.compose('stop', 'sallyport')
  const time = performance.now() - start
  const code = output(['docker', 'inspect', '--format', '{{.State.ExitCode}}', stack.container('sallyport')])
  assert.equal(code.trim(), '0')
  assert.ok(time < LONGEST_STOP, `it took ${Math.round(time)} ms`)
}

/** Everything that is asked of the running stack. */
async function used(stack: Stack, directory: string, { need, check }: Steps): Promise<void> {
  await need('the stack is built', () => stack.compose('build'))
  await need('the stack comes up', () => stack.compose('up', '-d'))
  await need('the server is healthy', async () => healthy(stack, 'sallyport'))
  const credentials = await need('the first certificate is copied out', async () =>
    copiedCredentials(stack, directory),
  )
  const { ca = [] } = credentials
  const service: Caller = { port: stack.certificatesPort, ...credentials }
  const person: Caller = { port: stack.peoplePort, ca }

  await check('a tool is called by certificate', async () =>
    assert.equal(await principalOf(service), 'service:demo'),
  )
  await check('nobody gets in without a certificate', async () =>
    assert.rejects(principalOf({ port: stack.certificatesPort, ca }), {
      code: /CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/,
    }),
  )
  await check('the server has no privilege and writes to its volumes only', () => assertConfined(stack))
  await check('the server has no key but its own', () => assertNoForeignKeys(stack))
  await check('no secret is shown by the engine', () => assertSecretsKept(stack))
  await check('a user is added beside the running server', () => {
    const added = stack.exec('sallyport', ...LAUNCH, 'user', 'add', 'bob', '--role', 'reader')
    oneTimePassword(said(added))
  })
  await check('what is there is kept by another init', () =>
    assert.match(stack.compose('run', '--rm', '-T', 'init'), /Nothing was missing/),
  )

  const token = await need('the first user logs in, and sets a password and a second factor', async () =>
    loggedIn(person, oneTimePassword(stack.compose('logs', '--no-color', 'init'))),
  )
  await check('a tool is called by session', async () =>
    assert.equal(await principalOf({ ...person, token }), 'user:admin'),
  )
  await need('the server restarts', async () => {
    stack.compose('restart', 'sallyport')
    await healthy(stack, 'sallyport')
  })
  await check('the same session still works', async () =>
    assert.equal(await principalOf({ ...person, token }), 'user:admin'),
  )
  await check('the same certificate still works', async () =>
    assert.equal(await principalOf(service), 'service:demo'),
  )
  const next = await need('the issuer renews a certificate through the server', async () => renewed(service))
  await check('the renewed certificate works', async () =>
    assert.equal(await principalOf(next), 'service:demo'),
  )
  await check('revoked means refused, for what was renewed, too', async () =>
    assertRevoked(stack, 'demo', service, next),
  )
  await check('the server ends by itself when it is told to', () => assertStopsByItself(stack))
}

/** Runs the test on a stack of its own, which is gone afterwards whatever happens. */
async function tested(composeCommand: readonly string[]): Promise<Steps> {
  const steps = createSteps()
  const stack = createStack(composeCommand, await freePorts())
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-docker-'))
  const takenAway = (): Ended => {
    rmSync(directory, { recursive: true, force: true })
    return stack.down()
  }
  const interrupted = (): void => {
    takenAway()
    process.exit(1)
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    await used(stack, directory, steps)
  } catch (error) {
    if (steps.counts().failed === 0) throw error
    console.error('the rest depends on that and was not run')
  } finally {
    if (steps.counts().failed > 0) console.error(stack.logs())
    await steps.check('the stack is taken away', () => void said(takenAway()))
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
  }
  return steps
}

/** Brings the base images up where a script for that is named. */
function prepared(script: string | undefined): boolean {
  if (script === undefined || script === '') return true
  const { code, stdout, stderr } = run(['bash', script])
  if (code !== 0) console.error(`${script} ended with ${code}\n${stdout}\n${stderr}`)
  return code === 0
}

/** @returns the exit code */
async function main(): Promise<number> {
  const isPrepared = prepared(process.env['BASE_IMAGES_SCRIPT'])
  if (!works('docker', 'info')) {
    const isRequired = (process.env['CI_REQUIRE_DOCKER'] ?? '') !== ''
    console.log(`${isRequired ? 'FAILED ' : 'skipped'} no Docker engine answers "docker info"`)
    console.log(`0 passed, ${isRequired ? 1 : 0} failed`)
    return isRequired ? 1 : 0
  }
  const compose = [['docker', 'compose'], ['docker-compose']].find((words) => works(...words, 'version'))
  if (compose === undefined || !isPrepared) {
    console.log(compose === undefined ? 'FAILED  there is no docker compose' : 'FAILED  no base images')
    console.log('0 passed, 1 failed')
    return 1
  }
  const { passed, failed } = (await tested(compose)).counts()
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

process.exitCode = await main()
