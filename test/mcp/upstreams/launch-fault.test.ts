import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { launchFault } from '../../../src/mcp/upstreams/launch-fault.ts'
import type { Isolation } from '../../../src/mcp/upstreams/options.ts'
import type { ProcessHost, StdioTransport } from '../../../src/mcp/upstreams/process-host.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** An installation, and what there is beside it. */
async function installation(t: TestContext) {
  const folder = await temporaryDirectory(t)
  const at = (...names: readonly string[]): string => join(folder, ...names)
  for (const name of ['certs', 'data/upstreams/other', 'share/deep', 'app'])
    await mkdir(at(name), { recursive: true })
  await writeFile(at('app/server.js'), '')
  await writeFile(at('app/tool'), '', { mode: 0o755 })
  await symlink(at('certs'), at('share/link'))
  const passwd = at('passwd')
  const users = [
    'root:x:0:0::/root:',
    `us:x:1000:1000::${folder}:`,
    `homeless:x:1001:1001::/nowhere:`,
    'odd:x:x:1::/:',
  ]
  await writeFile(passwd, `${users.join('\n')}\n`)
  const host: ProcessHost = {
    own: [at('certs'), at('data'), at('audit/not-there-yet'), at('access.yaml')],
    code: [at('share/deep'), at('app/server.js')],
    node: process.execPath,
    uid: 0,
    gid: 0,
    passwd,
    tasks: 512,
    language: 'C.UTF-8',
    bubblewrapFault: async () => undefined,
  }
  const last: { of: string | undefined } = { of: undefined }
  const fault = async (
    isolation: Isolation,
    given: Partial<StdioTransport> = {},
    here: Partial<ProcessHost> = {},
  ): Promise<string> => {
    const transport: StdioTransport = {
      kind: 'stdio',
      command: 'sh',
      args: [],
      env: {},
      home: at('data/upstreams/wiki'),
      isolation,
      memory: 1024 ** 3,
      ...given,
    }
    const found = await launchFault({ transport }, { ...host, ...here })
    last.of = found?.of
    return found?.fault ?? 'none'
  }
  /** What a fault is of. */
  const kindOf: typeof fault = async (...args) => {
    await fault(...args)
    return last.of ?? 'none'
  }
  return { at, host, fault, kindOf }
}

const sandbox = (...read: readonly string[]): Isolation => ({
  kind: 'bubblewrap',
  read,
  write: [],
  network: false,
})
const sandboxWriting = (...write: readonly string[]): Isolation => ({
  kind: 'bubblewrap',
  read: [],
  write,
  network: false,
})
const container = (...read: readonly string[]): Isolation => ({
  kind: 'container',
  engine: 'sh',
  image: 'node:24',
  read,
  write: [],
  network: false,
})
const user = (name: string): Isolation => ({ kind: 'user', user: name })

test("what is Sallyport's own is in no sandbox and no container, by whatever way", async (t) => {
  const { at, fault } = await installation(t)
  for (const path of [
    at('certs'),
    at('certs/'),
    at('data/upstreams/other'),
    at('data/upstreams'),
    at('.'),
    at('share/link'),
    at('share/deep/../../certs'),
    at('app/../data'),
    '/',
  ])
    for (const isolation of [sandbox(path), sandboxWriting(path), container(path)])
      assert.match(await fault(isolation), /would show it \S+, which is Sallyport's own/, path)
  assert.equal(await fault(sandbox(at('share/deep'))), 'none')
  assert.equal(await fault(container(at('share/deep'))), 'none')
})

test("what is there only later is Sallyport's own already", async (t) => {
  const { at, fault } = await installation(t)
  await mkdir(at('audit'))
  assert.match(await fault(sandbox(at('audit'))), /not-there-yet, which is Sallyport's own/)
})

test("a folder of the system with something of Sallyport's in it is shown to nobody", async (t) => {
  const { fault } = await installation(t)
  assert.match(await fault(sandbox(), {}, { own: ['/usr/share/sallyport'] }), /^\/usr would show it/)
  assert.equal(await fault(sandbox(), {}, { own: ['/etc/sallyport'] }), 'none')
})

test('the home of an upstream lies in a folder of ours, and has none of ours in it', async (t) => {
  const { at, fault } = await installation(t)
  assert.equal(await fault(sandbox()), 'none')
  assert.match(await fault(sandbox(), { home: at('.') }), /Sallyport's own/)
  assert.match(await fault(container(), { home: at('data') }), /Sallyport's own/)
  assert.match(await fault(sandbox(), { home: at('share/link') }), /Sallyport's own/)
})

test('what the command line names has to be seen in the sandbox', async (t) => {
  const { at, fault } = await installation(t)
  const script = { args: [at('app/server.js')] }
  assert.match(
    await fault(sandbox(), script),
    /server\.js is not seen in its sandbox: add "read: \[ "\S+\/app" \]"/,
  )
  const module = at('app/node_modules/@scope/server/dist/index.js')
  await mkdir(dirname(module), { recursive: true })
  await writeFile(module, '')
  // A package alone finds none of those that it needs.
  assert.match(await fault(sandbox(), { args: [module] }), /add "read: \[ "\S+\/app\/node_modules" \]"/)
  assert.equal(await fault(sandbox(at('app')), script), 'none')
  assert.match(await fault(sandbox(), { command: at('app/tool') }), /app\/tool is not seen in its sandbox/)
  assert.equal(await fault(sandbox(at('app')), { command: './tool', cwd: at('app') }), 'none')
  assert.match(await fault(sandbox(), { cwd: at('app') }), /app is not seen in its sandbox/)
  assert.equal(await fault(sandbox(), { args: ['no-file', '--flag', '/nowhere'] }), 'none')
})

test('a command or path that is nowhere is said before anything starts', async (t) => {
  const { at, fault } = await installation(t)
  for (const isolation of [sandbox(), { kind: 'trusted' } as const])
    assert.match(
      await fault(isolation, { command: 'no-such-program' }),
      /^The command "no-such-program" was not found/,
    )
  assert.match(await fault({ kind: 'trusted' }, { command: at('app/server.js') }), /was not found/)
  assert.match(await fault(sandbox(at('nothing'))), /nothing is listed for it and does not exist/)
  assert.match(await fault(container(at('nothing'))), /does not exist/)
  assert.match(
    await fault({ ...container(), engine: 'no-engine' } as Isolation),
    /"no-engine" is not installed/,
  )
})

test('where bubblewrap does not work, it is said what else there is', async (t) => {
  const { fault } = await installation(t)
  const bubblewrapFault = async (): Promise<string> => 'it does not work'
  assert.equal(await fault(sandbox(), {}, { bubblewrapFault }), 'it does not work')
  assert.equal(await fault({ kind: 'trusted' }, {}, { bubblewrapFault }), 'none')
})

test('another user is another one, with a home', async (t) => {
  const { fault } = await installation(t)
  assert.match(await fault(user('mcp'), {}, { uid: 1000 }), /^Only root can start it as the user "mcp"/)
  assert.match(await fault(user('mcp')), /^There is no user "mcp"/)
  assert.match(await fault(user('odd')), /^There is no user "odd"/)
  assert.match(await fault(user('root')), /can read all that is Sallyport's/)
  assert.match(await fault(user('homeless')), /needs a home of its own: \/nowhere is none/)
  assert.match(await fault(user('us')), /needs a home of its own/)
})

test('no variable of the configuration speaks to the client of the engine', async (t) => {
  const { fault } = await installation(t)
  for (const name of ['LD_PRELOAD', 'DOCKER_HOST', 'CONTAINER_HOST', 'HOME', 'PATH', 'XDG_RUNTIME_DIR'])
    assert.match(
      await fault(container(), { env: { [name]: ['x'] } }),
      new RegExp(`^The variable ${name} cannot`),
    )
  assert.equal(await fault(container(), { env: { TOKEN: ['x'], HOMEPAGE: ['x'] } }), 'none')
})

test('an upstream that is no process is never at fault', async (t) => {
  const { host } = await installation(t)
  const transport = {
    kind: 'http',
    url: new URL('https://wiki.test'),
    headers: {},
    tls: { pins: [] },
  } as const
  assert.equal(await launchFault({ transport }, host), undefined)
})

test('what would not be kept apart is told from what is only not there', async (t) => {
  const { at, kindOf } = await installation(t)
  const missing = { command: 'no-such-program' }
  const ofProgram: readonly Parameters<typeof kindOf>[] = [
    [sandbox(), missing],
    [{ kind: 'trusted' }, missing],
    [sandbox(at('nothing'))],
    [container(at('nothing'))],
    [sandbox(), { args: [at('app/server.js')] }],
  ]
  for (const given of ofProgram) assert.equal(await kindOf(...given), 'program', JSON.stringify(given))
  const ofIsolation: readonly Parameters<typeof kindOf>[] = [
    // Whatever else is wrong with it.
    [sandbox(at('nothing'), at('certs')), missing],
    [container(at('nothing'), at('certs'))],
    [sandbox(), missing, { bubblewrapFault: async () => 'it does not work' }],
    [user('mcp'), missing],
    [user('us'), missing, { uid: 1000 }],
    [{ ...container(), engine: 'no-engine' } as Isolation],
    [container(), { env: { DOCKER_HOST: ['x'] } }],
  ]
  for (const given of ofIsolation) assert.equal(await kindOf(...given), 'isolation', JSON.stringify(given))
})

test('what Sallyport runs code from is read by any, and written by none', async (t) => {
  const { at, fault, kindOf } = await installation(t)
  const writingContainer = (path: string): Isolation => ({ ...container(), write: [path] }) as Isolation
  await symlink(at('share/deep'), at('app/link'))
  for (const path of [
    at('share/deep'),
    at('share/deep/in'),
    at('app'),
    at('app/server.js'),
    at('app/link'),
  ]) {
    for (const isolation of [sandboxWriting(path), writingContainer(path)]) {
      assert.match(await fault(isolation), /would let it write \S+, which Sallyport runs code from/, path)
      assert.equal(await kindOf(isolation), 'isolation')
    }
    assert.doesNotMatch(await fault(sandbox(path)), /runs code from/)
  }
  assert.match(await fault(sandbox(), { home: at('share') }), /runs code from/)
  assert.match(await fault(container(), { home: at('share') }), /runs code from/)
  assert.equal(await fault(sandbox(), { home: at('share/deep/home') }), 'none')
  await mkdir(at('scratch'))
  assert.equal(await fault(sandboxWriting(at('scratch'))), 'none')
})
