import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { ANY_PORTS, sallyport } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'

let template: string
before(async () => {
  template = await mkdtemp(join(tmpdir(), 'sallyport-config-'))
  const made = await inProcess(['init'], { cwd: template, env: ANY_PORTS })
  assert.equal(made.code, 0, made.stderr)
})
after(async () => rm(template, { recursive: true }))

/** An installation to spoil: a copy of one that works. */
async function spoiled(
  spoil: (directory: string) => Promise<unknown>,
  env: Record<string, string> = {},
  run = inProcess,
): Promise<{ code: number | null; stderr: string }> {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-spoiled-'))
  try {
    await cp(template, cwd, { recursive: true })
    await spoil(cwd)
    return await run(['serve'], { cwd, env: { ...ANY_PORTS, ...env } })
  } finally {
    await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
  }
}

const nothing = async () => undefined

interface Row {
  readonly what: string
  readonly spoil?: (directory: string) => Promise<unknown>
  readonly env?: Record<string, string>
  /** One for each line of standard error. */
  readonly says: readonly RegExp[]
}

const rows: readonly Row[] = [
  {
    what: 'a Redis store without a session secret',
    env: { SALLYPORT_STORE: 'redis://:hunter2@127.0.0.1:1' },
    says: [/session secret.*SALLYPORT_SESSION_SECRET/],
  },
  {
    what: 'a session secret that is too short',
    env: { SALLYPORT_SESSION_SECRET: 'short' },
    says: [/SALLYPORT_SESSION_SECRET.*32/],
  },
  {
    what: 'a key that is not there',
    spoil: async (directory) => rm(join(directory, 'certs/server/server.key.pem')),
    says: [/server\.key\.pem.*init/],
  },
  {
    what: 'a key that others may read',
    spoil: async (directory) => chmod(join(directory, 'certs/server/server.key.pem'), 0o644),
    says: [/server\.key\.pem.*chmod/],
  },
  {
    what: 'a key that is none',
    spoil: async (directory) => writeFile(join(directory, 'certs/server/server.key.pem'), 'no key'),
    says: [/server\.key\.pem/],
  },
  {
    what: 'a certificate of another key',
    spoil: async (directory) =>
      cp(
        join(directory, 'certs/clients/demo/client.key.pem'),
        join(directory, 'certs/server/server.key.pem'),
      ),
    says: [/server\.pem.*key/],
  },
  {
    what: 'an unknown configuration key',
    spoil: async (directory) => writeFile(join(directory, 'sallyport.yaml'), 'hosst: [ "a.example" ]\n'),
    says: [/sallyport\.yaml:1:.*hosst.*unknown key.*"hosts"/],
  },
  {
    what: 'several faults at once',
    spoil: async (directory) => writeFile(join(directory, 'sallyport.yaml'), 'hosst: []\ntrustDomain: 5\n'),
    says: [/:2:1: trustDomain/, /:1:1: hosst/],
  },
  {
    what: 'a variable that is not one',
    env: { SALLYPORT_PROT: '1' },
    says: [/SALLYPORT_PROT/],
  },
  {
    what: 'a port that is none',
    env: { SALLYPORT_PORT: '99999' },
    says: [/SALLYPORT_PORT/],
  },
  {
    what: 'a policy that is broken',
    spoil: async (directory) => writeFile(join(directory, 'access.yaml'), 'version: 1\nroles: {}\n'),
    says: [/access\.yaml:1:1: rules/, /access\.yaml:1:1: grants/],
  },
  {
    what: 'a Redis that nobody answers at',
    env: { SALLYPORT_STORE: 'redis://:hunter2@127.0.0.1:1', SALLYPORT_SESSION_SECRET: 'x'.repeat(32) },
    says: [/127\.0\.0\.1:1/],
  },
]

for (const { what, spoil = nothing, env, says } of rows)
  test(`${what}: no start, and a sentence that says so`, async () => {
    const { code, stderr } = await spoiled(spoil, env)
    assert.equal(code, 1, stderr)
    const lines = stderr.trim().split('\n')
    assert.equal(lines.length, says.length, stderr)
    lines.forEach((line, index) => assert.match(line, says[index] ?? /$^/))
    assert.doesNotMatch(stderr, /hunter2|\n {4}at /)
  })

test('a port that is taken: no start, and a sentence that says so', async () => {
  const other = createServer()
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  for (const name of Object.keys(ANY_PORTS)) {
    const { code, stderr } = await spoiled(nothing, { [name]: String(address.port) }, sallyport)
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^sallyport: port ${address.port} .*is taken.*${name}`))
    assert.equal(stderr.trim().split('\n').length, 1)
  }
  await new Promise((closed) => other.close(closed))
})

test(
  'a Node that is too old: no start, and a sentence that says so',
  { skip: oldNode() === undefined },
  () => {
    const launcher = resolve(import.meta.dirname, '../../src/cli/launch.js')
    const { status, stderr } = spawnSync(oldNode() ?? '', [launcher, 'serve'], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, /^sallyport: Node \d+\.\d+\.\d+ is too old.*24\.21/)
  },
)

test('every port that is taken is named at once', async () => {
  const others = [createServer(), createServer()]
  const ports = []
  for (const other of others) {
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
    const address = other.address()
    assert.ok(typeof address === 'object' && address !== null)
    ports.push(String(address.port))
  }
  const [first = '', second = ''] = ports
  const { code, stderr } = await spoiled(
    nothing,
    { SALLYPORT_PORT: first, SALLYPORT_LOGIN_PORT: second },
    sallyport,
  )
  for (const other of others) other.close()
  assert.equal(code, 1)
  const lines = stderr.trim().split('\n')
  assert.equal(lines.length, 2, stderr)
  assert.match(lines[0] ?? '', /SALLYPORT_PORT/)
  assert.match(lines[1] ?? '', /SALLYPORT_LOGIN_PORT/)
})

test('start says a fault of the configuration once, and makes nothing', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-nothing-'))
  const env = { ...ANY_PORTS, SALLYPORT_STORE: 'redis://127.0.0.1:1' }
  const { code, stderr, stdout } = await sallyport(['start'], { cwd, env })
  assert.equal(code, 1)
  assert.match(stderr, /^sallyport: .*SALLYPORT_SESSION_SECRET.*\n$/)
  assert.equal(stdout, '')
  assert.deepEqual(await readdir(cwd), [])
  await rm(cwd, { recursive: true })
})

test('a folder without an installation: no command makes one up', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-nothing-'))
  for (const command of [
    ['serve'],
    ['user', 'list'],
    ['tools'],
    ['call', 'whoami'],
    ['issue-client-cert', 'x'],
  ]) {
    const { code, stderr } = await inProcess(command, { cwd, env: ANY_PORTS })
    assert.equal(code, 1)
    assert.match(stderr, /^sallyport: there is no sallyport\.yaml in .*init/)
  }
  assert.deepEqual(await readdir(cwd), [])
  await rm(cwd, { recursive: true })
})

test('nothing was left running or half done by any of it', async () => {
  assert.match(await readFile(join(template, 'access.yaml'), 'utf8'), /admin-cli/)
})

/** A Node of this machine that is older than the floor, if there is one outside the project. */
function oldNode(): string | undefined {
  return ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return /^v(1\d|2[0-3])\./.test(stdout ?? '')
  })
}
