import assert from 'node:assert/strict'
import { readFile, rm, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import { upstreamOptions } from '../support/dialed.ts'
import { hostileDoor, saidBy, type HostileDoor } from '../support/hostile.ts'

const HOSTILE = resolve(import.meta.dirname, '../support/hostile-process.js')

let directory: string
let door: HostileDoor
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-hostile-'))
  door = await hostileDoor({}, { others: [processOf('shared'), processOf('loops', 'crashes')] })
})
after(async () => {
  await door.close()
  await rm(directory, { recursive: true, force: true })
})

/** One process for all callers, of the era in which each could have one. */
function processOf(name: string, ...args: readonly string[]): UpstreamOptions {
  return {
    ...upstreamOptions(
      {
        kind: 'stdio',
        command: process.execPath,
        args: [HOSTILE, startsOf(name), ...args],
        env: {},
        home: join(directory, name),
        isolation: { kind: 'trusted' },
        memory: 512 * 1024 * 1024,
      },
      { era: '2025-11-25', limits: { timeout: 60_000 } },
    ),
    name,
    connection: 'shared',
  }
}

function startsOf(name: string): string {
  return join(directory, `${name}.starts`)
}

async function pidsOf(name: string): Promise<readonly number[]> {
  const text = await readFile(startsOf(name), 'utf8')
  return text.trim().split('\n').map(Number)
}

async function call(tool: string): Promise<readonly string[]> {
  return Promise.all(door.clients.map(async (client) => saidBy(client, `shared_${tool}`)))
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that somebody holds. */
function held(): number {
  // What the first one finds is freed by the second one.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('a line of 100 MB is a result that is too long, kept by nobody, and the process goes on', async () => {
  const [pid] = await call('pid')
  const heldBefore = held()
  const [client] = door.clients
  assert.ok(client !== undefined)
  let most = 0
  const looking = setInterval(() => {
    most = Math.max(most, held())
  }, 400)
  const [words] = await Promise.all([saidBy(client, 'shared_huge'), door.goesOn()])
  clearInterval(looking)
  assert.match(words, /^The upstream "shared" answered with more than is passed on/)
  assert.ok(most > 0 && most - heldBefore < 10_000_000, `${most - heldBefore} bytes more`)
  assert.deepEqual(await call('pid'), [pid, pid])
})

test('what is no message is told of a few times and comes to nobody; the answer after it does', async () => {
  assert.deepEqual(await call('noise'), ['noisy', 'noisy'])
  const lines = door.log.filter((line) => line.includes('a line on standard output was dropped'))
  assert.ok(lines.length > 0 && lines.length <= 20, String(lines.length))
  assert.ok(lines.some((line) => line.includes('not UTF-8')))
  await door.goesOn()
})

test('100 MB on standard error are read slowly, and what is logged of them has a bound', async () => {
  const logged = door.log.length
  assert.deepEqual(await call('stderr'), ['loud', 'loud'])
  await door.goesOn()
  assert.deepEqual(new Set(await call('pid')).size, 1)
  assert.ok(door.log.length - logged <= 200, String(door.log.length - logged))
  assert.ok(door.log.every((line) => line.length < 10_000))
})

test('a process that ends in each call is started a few times, however often it is called', async () => {
  const [client] = door.clients
  assert.ok(client !== undefined)
  const startsBefore = (await pidsOf('shared')).length
  const said = new Set<string>()
  for (let time = 0; time < 100; time++) {
    const words = await saidBy(client, 'shared_crash')
    said.add(words.replace(/request [0-9a-f-]+/, 'request'))
  }
  assert.deepEqual([...said].toSorted(), [
    'The upstream "shared" is not available. Ask the operator about request.',
    'The upstream "shared" went away in the middle of the call, and may have carried it out. Ask the operator about request.',
  ])
  assert.ok((await pidsOf('shared')).length - startsBefore <= 12, String(await pidsOf('shared')))
  assert.ok(door.log.some((line) => line.includes('it has failed too often')))
  await door.goesOn()
})

test('a process that ends whenever it is asked what it has is started later each time', async () => {
  const down = door.audit.find((event) => event.event === 'upstream.down' && event.upstream === 'loops')
  assert.ok(down?.event === 'upstream.down')
  assert.match(down.why ?? '', /exit code 1/)
  const starts = (await pidsOf('loops')).length
  assert.ok(starts <= 8, `${starts} starts`)
})

test('none that stays when it is told to end outlives the server', async () => {
  const pids = [...(await pidsOf('shared')), ...(await pidsOf('loops'))]
  await door.upstreams.close()
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, String(pid))
})
