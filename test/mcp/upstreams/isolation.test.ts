import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile, chown } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Isolation, UpstreamTransport } from '../../../src/mcp/upstreams/options.ts'
import { isAlive, processTree } from '../../../src/mcp/upstreams/process-tree.ts'
import { processesWith, until } from '../../support/processes.ts'
import { withoutSandbox } from '../../support/sandbox.ts'
import type { Spawning } from '../../support/spawning-process.ts'
import { doorName, type AttackReport, type Attacks } from '../../support/upstream-attacks.ts'

const SERVER = fileURLToPath(new URL('../../support/spawning-process.ts', import.meta.url))
const ATTACKS = fileURLToPath(new URL('../../support/upstream-attacks.ts', import.meta.url))
/** Nobody of this machine. */
const UID = 61_234
const isRoot = process.getuid?.() === 0

/** An installation of which everything is there that an upstream might want. */
interface Installation {
  readonly certs: string
  readonly spawning: (...isolations: readonly Isolation[]) => Spawning
  readonly attacks: Attacks
  /** In the environment of every process of an upstream. */
  readonly mark: string
}

async function installation(t: TestContext): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-isolation-'))
  await chmod(folder, 0o755)
  const [certs, data, program, userHome] = ['certs', 'data', 'program', 'user'].map((name) =>
    join(folder, name),
  )
  if (certs === undefined || data === undefined || program === undefined || userHome === undefined)
    throw new Error('four folders')
  await Promise.all([mkdir(certs), mkdir(join(data, 'audit'), { recursive: true }), mkdir(program)])
  await mkdir(join(data, 'upstreams/other'), { recursive: true })
  await mkdir(userHome, { mode: 0o700 })
  if (isRoot) await chown(userHome, UID, UID)
  const files = {
    key: join(certs, 'server.key.pem'),
    policy: join(folder, 'access.yaml'),
    store: join(data, 'sallyport.db'),
    audit: join(data, 'audit/1.jsonl'),
    other: join(data, 'upstreams/other/token'),
  }
  for (const path of Object.values(files)) await writeFile(path, 'SECRET', { mode: 0o600 })
  await chmod(data, 0o700)
  const passwd = join(folder, 'passwd')
  await writeFile(passwd, `root:x:0:0::/root:/bin/sh\nmcp:x:${UID}:${UID}::${userHome}:/bin/false\n`)
  await copyFile(ATTACKS, join(program, 'attacks.mts'))
  const doors = [join(data, 'issuer.sock'), `\0sallyport-${randomBytes(6).toString('hex')}`, 0]
  const listening = doors.map((door) => createServer((socket) => socket.destroy()).listen(door))
  await Promise.all(listening.map(async (server) => once(server, 'listening')))
  const address = listening[2]?.address()
  assert.ok(typeof address === 'object' && address !== null)
  const attacks: Attacks = {
    read: [...Object.values(files), certs, join(data, 'audit'), join(data, 'upstreams/other')],
    write: [join(certs, 'written'), join(data, 'audit/written')],
    open: ['/proc/sys/kernel/core_pattern'],
    connect: [
      { path: String(doors[0]) },
      { path: String(doors[1]) },
      { port: address.port, host: '127.0.0.1' },
    ],
    server: 0,
  }
  const mark = `mark-${randomBytes(8).toString('hex')}`
  t.after(async () => {
    for (const pid of processesWith(mark)) process.kill(pid, 'SIGKILL')
    await until(() => processesWith(mark).length === 0)
    for (const server of listening) server.close()
    await rm(folder, { recursive: true, force: true })
  })
  const transportOf = (isolation: Isolation): UpstreamTransport => ({
    kind: 'stdio',
    command: process.execPath,
    args: [join(program, 'attacks.mts'), JSON.stringify(attacks)],
    env: { MARK: [mark], TOKEN: [{ user: 'token' }] },
    home: join(data, 'upstreams', isolation.kind),
    isolation: isolation.kind === 'bubblewrap' ? { ...isolation, read: [program] } : isolation,
    memory: 512 * 1024 ** 2,
  })
  return {
    certs,
    mark,
    attacks,
    spawning: (...isolations) => ({
      host: { own: [certs, data, files.policy], passwd },
      transports: isolations.map(transportOf),
    }),
  }
}

const STDIO: (number | 'pipe' | 'inherit' | 'ignore')[] = [
  ...(['pipe', 'pipe', 'inherit'] as const),
  ...Array.from({ length: 18 }, () => 'ignore' as const),
]

/** Starts a server with upstreams that attack it. */
function startServer(t: TestContext, spawning: Spawning) {
  const forgotten = openSync('/etc/hosts', 'r')
  const server = spawn(process.execPath, [SERVER, JSON.stringify(spawning)], {
    env: { PATH: '/usr/bin:/bin', SECRET_OF_SERVER: 'of the server' },
    // The last is a descriptor that whoever starts the server has forgotten to close, where Node does not look for it.
    stdio: STDIO.with(20, forgotten),
  })
  closeSync(forgotten)
  t.after(() => server.kill('SIGKILL'))
  const lines = createInterface({ input: server.stdout ?? assert.fail('no pipe') })[Symbol.asyncIterator]()
  return {
    server,
    pid: server.pid ?? assert.fail('no server'),
    next: async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)),
  }
}

const BUBBLEWRAP = { kind: 'bubblewrap', read: [], write: [], network: false } as const
const USER = { kind: 'user', user: 'mcp' } as const
const TRUSTED = { kind: 'trusted' } as const

suite('an upstream that attacks the server', { skip: withoutSandbox() }, () => {
  test('gets at nothing in a sandbox or as another user, and at everything when it is trusted; none outlives its end', async (t) => {
    const place = await installation(t)
    const kinds = isRoot ? [BUBBLEWRAP, TRUSTED, USER] : [BUBBLEWRAP, TRUSTED]
    const { server, pid, next } = startServer(t, place.spawning(...kinds))
    const [sandboxed, trusted, other] = [await next(), await next(), isRoot ? await next() : undefined] as [
      AttackReport,
      AttackReport,
      AttackReport | undefined,
    ]
    const [socket, hidden, tcp] = place.attacks.connect.map((door) => `connect ${doorName(door)}`)

    assert.deepEqual(sandboxed.done, [])
    assert.deepEqual(
      trusted.done.filter((what) => isRoot || !/memory|open/.test(what)),
      [
        ...place.attacks.read.map((path) => `read ${path}`),
        ...place.attacks.write.map((path) => `write ${path}`),
        ...(isRoot ? place.attacks.open.map((path) => `open ${path}`) : []),
        'environ of the server',
        'environ of the parent',
        ...(isRoot ? ['memory of the server'] : []),
        'signal to the server',
        socket,
        hidden,
        tcp,
      ],
    )
    // What is everybody's is not kept from another user: folders of certificates, the network, sockets in no folder.
    const everybodys = [`read ${place.certs}`, hidden, tcp]
    if (other !== undefined) assert.deepEqual(other.done, everybodys)

    for (const { environment, descriptors } of [
      sandboxed,
      trusted,
      ...(other === undefined ? [] : [other]),
    ]) {
      const { PATH, HOME, ...rest } = environment
      assert.match(`${PATH} ${HOME}`, /^\S+:\/usr\/bin:\S+ \/\S+$/)
      const { PWD, SALLYPORT_PROCESS: _mark, ...own } = rest
      assert.ok(PWD === undefined || PWD === HOME)
      assert.deepEqual(own, { LANG: 'C.UTF-8', TMPDIR: '/tmp', MARK: place.mark, TOKEN: 'of-alice' })
      assert.deepEqual(descriptors, ['0', '1', '2'])
    }

    const members = processTree(pid, 10_000)
    assert.ok(members.length >= kinds.length * 2)
    server.stdin?.end()
    assert.deepEqual(
      await next(),
      kinds.map(() => 'it was closed'),
    )
    await once(server, 'exit')
  })

  test('is gone from a sandbox with all that left it, however the server goes', async (t) => {
    for (const signal of ['SIGKILL', undefined] as const) {
      const place = await installation(t)
      const { server, next } = startServer(t, place.spawning(BUBBLEWRAP))
      await next()
      // What left it, and what it sleeps by.
      await until(() => processesWith(place.mark).length >= 3)
      if (signal === undefined) server.stdin?.end()
      else server.kill(signal)
      await once(server, 'exit')
      await until(() => processesWith(place.mark).length === 0)
    }
  })

  test('is gone with a server that was killed, but for what left its group', async (t) => {
    const place = await installation(t)
    const { server, pid, next } = startServer(t, place.spawning(TRUSTED, ...(isRoot ? [USER] : [])))
    await next()
    if (isRoot) await next()
    const isThere = (): boolean => processTree(pid, 10_000).length > (isRoot ? 4 : 2)
    await until(isThere)
    const members = processTree(pid, 10_000)
    server.kill('SIGKILL')
    await once(server, 'exit')
    await until(() => !members.some(isAlive))
    // They left as fast as they could, and nobody has seen them: that is what a sandbox is for.
    assert.ok(processesWith(place.mark).length > 0)
  })
})
