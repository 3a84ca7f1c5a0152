import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { memberOf } from '../../src/mcp/record.ts'
import { definitionOf } from '../../src/mcp/upstreams/definition-hash.ts'
import { ask, modern } from '../support/clients.ts'
import { serving, type Served } from '../support/command.ts'
import { installation, type Installation } from '../support/installation.ts'
import { metricsAt } from '../support/metrics.ts'

const SLOW = resolve(import.meta.dirname, '../support/slow-upstream.js')
const PROCESS = { command: process.execPath, args: [SLOW], trusted: true }

/** Takes connections and never says a word. */
const silent: Server = createServer((socket) => void sockets.add(socket))
const sockets = new Set<Socket>()
let at: Installation
let served: Served
let agent: Agent

before(async () => {
  at = await installation()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  await configure({ kept: PROCESS, gone: PROCESS })
  served = await serving('serve', { cwd: at.cwd })
  agent = new Agent({
    ...(await at.authority.client('admin-cli')),
    ca: at.authority.rootPem,
    keepAlive: true,
  })
})
after(async () => {
  agent.destroy()
  await served.stop('SIGKILL')
  for (const socket of sockets) socket.destroy()
  silent.close()
  await at.remove()
})

async function configure(
  upstreams: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const text = JSON.stringify({ upstreams, pins: { firstUse: 'trust' }, ...more })
  await writeFile(join(at.cwd, 'sallyport.yaml'), text)
}

async function asked(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
  const answer = await ask({ port: served.ports.certificates, agent, ...modern(method, params) })
  return memberOf(answer.json(), 'result')
}

async function tools(): Promise<readonly string[]> {
  const list = memberOf(await asked('tools/list'), 'tools')
  const names = Array.isArray(list) ? list.map((tool) => String(memberOf(tool, 'name'))) : []
  return names.filter((name) => !/^(?:notes|time)_|^whoami$/.test(name))
}

async function call(name: string, args: Record<string, unknown> = {}): Promise<string> {
  const result = await asked('tools/call', { name, arguments: args })
  const content = memberOf(result, 'content')
  return String(Array.isArray(content) ? memberOf(content[0], 'text') : JSON.stringify(result))
}

/** Asks until the tools are these; what serves them was just told of a change. */
async function toolsBecome(...wanted: readonly string[]): Promise<void> {
  const late = Date.now() + 30_000
  for (;;) {
    const now = await tools()
    if (now.join() === wanted.join()) return
    assert.ok(
      Date.now() < late,
      `${now.join()} and never ${wanted.join()}\n${served.log.slice(-12).join('\n')}`,
    )
  }
}

const of = (name: string): readonly string[] => ['pid', 'slow', 'stats'].map((tool) => `${name}_${tool}`)

test('what is configured is taken while calls of others run, and one that hangs delays no list', async () => {
  await toolsBecome(...of('gone'), ...of('kept'))
  const pid = await call('kept_pid')
  const running = call('kept_slow', { ms: 1500, word: 'still here' })
  const { port } = silent.address() as { port: number }
  await configure({ kept: PROCESS, hangs: { url: `http://127.0.0.1:${port}/mcp`, timeout: '60s' } })
  await toolsBecome(...of('kept'))
  assert.equal(await running, 'still here')
  assert.equal(await call('kept_pid'), pid)
  const begun = performance.now()
  assert.deepEqual(await tools(), of('kept'))
  assert.ok(performance.now() - begun < 250)
  assert.match(await call('gone_pid'), /^undefined$|not found|Unknown/i)
})

test('what is approved no longer is served to nobody, and is again without a restart when it is approved', async () => {
  const lock = join(at.cwd, 'sallyport.lock.yaml')
  const good = await readFile(lock, 'utf8')
  const other = parse(good) as { upstreams: { kept: { tools: Record<string, unknown> } } }
  delete other.upstreams.kept.tools['stats']
  await writeFile(lock, stringify(other, { lineWidth: 0 }))
  await toolsBecome('kept_pid', 'kept_slow')
  assert.doesNotMatch(await call('kept_stats'), /running/)
  const { samples } = await metricsAt(served.ports.operations)
  const quarantined = samples.find(
    ({ name, labels }) =>
      name === 'sallyport_upstream_definitions_quarantined' && labels['upstream'] === 'kept',
  )
  assert.equal(quarantined?.value, 1)
  await writeFile(lock, good.replace(/sha256:[0-9a-f]{8}/, 'sha256:00000000'))
  await served.logged(/the upstreams were refused/)
  assert.deepEqual(await tools(), ['kept_pid', 'kept_slow'])
  await writeFile(lock, good)
  await toolsBecome(...of('kept'))
})

test('a definition that rules do not fit is served to nobody; a rule that fits no definition is refused', async () => {
  const [access, lock] = [join(at.cwd, 'access.yaml'), join(at.cwd, 'sallyport.lock.yaml')]
  const [policy, pins] = [await readFile(access, 'utf8'), await readFile(lock, 'utf8')]
  const rule = 'rules: [ { name: short, effect: deny, tools: [ "kept_slow" ], when: "args.ms > 60000.0" } ]'
  await writeFile(access, policy.replace('rules: []', rule.replace('args.ms', 'args.hours')))
  await served.logged(/the access policy was refused/)
  await writeFile(access, policy.replace('rules: []', rule))
  await served.logged(/the access policy was loaded/)
  assert.deepEqual(await tools(), of('kept'))
  const other = parse(pins) as { upstreams: { kept: { tools: Record<string, unknown> } } }
  const changed = { name: 'slow', inputSchema: { type: 'object', properties: { hours: { type: 'number' } } } }
  const definition = definitionOf('tool', changed)
  other.upstreams.kept.tools['slow'] = { hash: definition?.hash, definition: definition?.value }
  await writeFile(lock, stringify(other, { lineWidth: 0 }))
  await served.logged(/"reason":"policy"/)
  assert.deepEqual(await tools(), ['kept_pid', 'kept_stats'])
  await writeFile(lock, pins)
  await toolsBecome(...of('kept'))
})

test('what is missing for one upstream is the trouble of that one, and everybody who looks after the server is told', async () => {
  const pid = await call('kept_pid')
  const lacking = { env: { KEY: '${NOT_SET_AT_ALL}' } }
  await configure({
    kept: { ...PROCESS, ...lacking },
    broken: { ...PROCESS, ...lacking },
    added: { ...PROCESS, timeout: '30s' },
  })
  await served.logged(/some of the upstreams were refused/)
  await served.logged(/"upstream":"broken","why":"[^"]*NOT_SET_AT_ALL[^"]*".*an upstream is down/)
  await toolsBecome(...of('added'), ...of('kept'))
  assert.equal(await call('kept_pid'), pid)
  const { samples } = await metricsAt(served.ports.operations)
  const refused = samples.filter(({ labels, value }) => labels['what'] === 'upstreams' && value === 1)
  assert.equal(refused.length, 1, JSON.stringify(refused))
})

test('nothing of an upstream outlives the server', async () => {
  const pid = Number(await call('kept_pid'))
  await served.stop()
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})
