import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { ask, modern, type Answer } from '../support/clients.ts'
import { sallyport, script, serving, type Served } from '../support/command.ts'
import { totpCode } from '../support/totp.ts'

let cwd: string
let served: Served
let options: { cwd: string; env: Record<string, string> }
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-first-'))
  served = await serving('start', { cwd })
  await served.printed(/npm run issue-client-cert/)
  options = { cwd, env: { SALLYPORT_PORT: String(served.ports.certificates) } }
})
after(async () => {
  await served.stop()
  await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
})

const oneTimePassword = (): string => {
  const line = served.lines.find((text) => text.startsWith('one-time password: '))
  assert.ok(line, served.lines.join('\n'))
  return line.slice('one-time password: '.length)
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  return ask({
    port: served.ports.people,
    ca: readFileSync(join(cwd, 'certs/ca/root.pem')),
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

test('prints what it made, the URLs, and three commands to try', () => {
  const text = served.lines.join('\n')
  for (const path of [
    'sallyport.yaml',
    'access.yaml',
    'certs/ca/root.pem',
    'certs/server/server.pem',
    'certs/clients/demo/',
  ])
    assert.ok(text.includes(path), path)
  assert.match(text, /https:\/\/localhost:\d+\/mcp \(client certificate\)/)
  assert.equal(served.lines.filter((line) => /^ {2}(?:SALLYPORT_PORT=\d+ )?np[mx] /.test(line)).length, 3)
})

test('keys and secrets are for their owner alone', () => {
  for (const path of [
    'certs/ca/root.key.pem',
    'certs/ca/issuing.key.pem',
    'certs/server/server.key.pem',
    'certs/clients/demo/client.key.pem',
    'data/session-secret',
    'data/sallyport.db',
  ])
    assert.equal(statSync(join(cwd, path)).mode & 0o077, 0, path)
})

test('demo sees exactly its four tools, admin-cli all of them', async () => {
  const toolsOf = async (name: string) => {
    const { stdout, stderr, code } = await sallyport(['tools', '--as', name, '--json'], options)
    assert.equal(code, 0, stderr)
    return (JSON.parse(stdout) as { name: string }[]).map((tool) => tool.name).toSorted()
  }
  assert.deepEqual(await toolsOf('demo'), ['notes_list', 'notes_read', 'time_now', 'whoami'])
  assert.deepEqual(await toolsOf('admin-cli'), [
    'notes_delete',
    'notes_list',
    'notes_read',
    'notes_write',
    'time_now',
    'whoami',
  ])
})

test('the three commands work when pasted', async () => {
  const commands = served.lines
    .filter((line) => /^ {2}(?:SALLYPORT_PORT=\d+ )?np[mx] /.test(line))
    .map((line) => line.trim())
  const repository = join(import.meta.dirname, '../..')
  for (const command of commands) {
    const words = command
      .replace('npx sallyport', `node "${repository}/src/cli/launch.js"`)
      .replace('npm run issue-client-cert --', `node "${repository}/scripts/issue-client-cert.ts"`)
    const { stdout } = await promisify(execFile)('sh', ['-c', words], {
      cwd,
      env: { ...process.env, ...options.env },
    })
    assert.notEqual(stdout, '', command)
  }
})

test('a client issued while the server runs works at once, with the printed curl line', async () => {
  const { stdout, code, stderr } = await script(
    'issue-client-cert.ts',
    ['reporting', '--role', 'reader', '--json'],
    options,
  )
  assert.equal(code, 0, stderr)
  const { curl } = JSON.parse(stdout) as { curl: string }
  const answer = await promisify(execFile)('sh', ['-c', curl], { cwd })
  assert.match(answer.stdout, /"notes_read"/)
  assert.doesNotMatch(answer.stdout, /notes_write/)
})

test('a call that is refused exits with 1, and the record says why', async () => {
  const { code, stderr } = await sallyport(
    ['call', 'notes_write', '{"id":"a","text":"b"}', '--as', 'demo'],
    options,
  )
  assert.equal(code, 1)
  assert.match(stderr, /Unknown tool: notes_write/)
  const trail = readdirSync(join(cwd, 'data/audit'))
    .map((file) => readFileSync(join(cwd, 'data/audit', file), 'utf8'))
    .join('')
  assert.match(
    trail,
    /"event":"tool.decided".*"principal":"service:demo".*"resource":"notes_write","decision":"deny","reason":"no_permission"/,
  )
  assert.doesNotMatch(trail, /"text":"b"/)
})

test('ASVS 6.3.2: the first user logs in with the one-time password, must change it and enrol a second factor, and calls tools', async () => {
  const first = await post('/auth/login', { username: 'admin', password: oneTimePassword(), token: true })
  assert.equal(first.status, 200, first.body)
  const { next, pending } = first.json() as { next: string; pending: string }
  assert.equal(next, 'change_password')
  assert.equal((await listedBy(pending)).status, 401)
  const changed = await post(
    '/auth/password',
    { newPassword: 'correct horse battery' },
    { authorization: `Bearer ${pending}` },
  )
  assert.equal(changed.status, 200, changed.body)
  const enrolling = changed.json() as { next: string; pending: string }
  assert.equal(enrolling.next, 'enrol')
  assert.equal((await listedBy(enrolling.pending)).status, 401)
  const held = { authorization: `Bearer ${enrolling.pending}` }
  const { secret } = (await post('/auth/enrol/totp', {}, held)).json() as { secret: string }
  const enrolled = await post('/auth/enrol/totp', { code: totpCode(secret, Date.now()) }, held)
  assert.equal(enrolled.status, 200, enrolled.body)
  const { token } = enrolled.json() as { token: string }
  const message = modern('tools/call', { name: 'whoami' })
  const who = await ask({
    port: served.ports.people,
    ca: readFileSync(join(cwd, 'certs/ca/root.pem')),
    ...message,
    headers: { ...message.headers, authorization: `Bearer ${token}` },
  })
  assert.match(who.body, /user:admin/)
  const again = await post('/auth/login', { username: 'admin', password: oneTimePassword() })
  assert.equal(again.status, 401)
})

async function listedBy(token: string): Promise<Answer> {
  const list = modern('tools/list')
  return ask({
    port: served.ports.people,
    ca: readFileSync(join(cwd, 'certs/ca/root.pem')),
    ...list,
    headers: { ...list.headers, authorization: `Bearer ${token}` },
  })
}

test('ASVS 16.2.3: what is logged is on standard error and in the documented files, and nowhere else', () => {
  const files = readdirSync(join(cwd, 'data'), { recursive: true, withFileTypes: true })
  const names = files.filter((file) => file.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const kept = names.map((name) => name.slice(cwd.length + 1)).toSorted()
  const isLog = (name: string): boolean =>
    /^data\/audit\/(?:\d{4}-\d\d-\d\d|anonymous)-[\w.-]+\.jsonl$/.test(name)
  assert.ok(kept.some(isLog))
  assert.deepEqual(
    kept.filter((name) => !isLog(name)),
    [
      'data/audit-key',
      'data/audit-signing-key.pem',
      'data/audit-signing-key.pub.pem',
      'data/crl-numbers.json',
      'data/factor-key',
      'data/identity-key',
      'data/sallyport.db',
      'data/sallyport.db-shm',
      'data/sallyport.db-wal',
      'data/session-secret',
    ],
  )
  assert.deepEqual(readdirSync(cwd).toSorted(), ['access.yaml', 'certs', 'data', 'sallyport.yaml'])
})

test('two servers run side by side, and a second start of one keeps everything', async () => {
  const root = readFileSync(join(cwd, 'certs/ca/root.pem'), 'utf8')
  const second = await serving('start', { cwd })
  assert.equal(readFileSync(join(cwd, 'certs/ca/root.pem'), 'utf8'), root)
  assert.ok(!second.lines.some((line) => line.startsWith('one-time password')))
  assert.ok(second.lines.includes('Nothing was missing.'), second.lines.join('\n'))
  assert.equal(await second.stop(), 0)
  const { code } = await sallyport(['tools'], options)
  assert.equal(code, 0)
})

test('the operations listener says alive and ready, and nothing else', async () => {
  const get = async (path: string) => fetch(`http://127.0.0.1:${served.ports.operations}${path}`)
  assert.equal((await get('/healthz')).status, 200)
  assert.equal((await get('/readyz')).status, 200)
  assert.equal((await get('/mcp')).status, 404)
})
