import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createConnect } from '../../../src/mcp/upstreams/connect.ts'
import type { Isolation } from '../../../src/mcp/upstreams/options.ts'
import { thisHost } from '../../../src/mcp/upstreams/process-this-host.ts'
import { createSpawn } from '../../../src/mcp/upstreams/spawn-upstream.ts'
import { pinsOf, toolNamed } from '../../support/definitions.ts'
import { upstreamOptions } from '../../support/dialed.ts'
import { withoutSandbox } from '../../support/sandbox.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { testUpstreams } from '../../support/upstreams.ts'

/** A server that leaves something in its home, and tells what was there, and beside it. */
const KEEPING = `
const { readdirSync, writeFileSync } = require('node:fs')
const { basename, join } = require('node:path')
const { HOME } = process.env
const look = (folder) => { try { return readdirSync(folder) } catch { return [] } }
const kept = () => {
  const told = { home: HOME, cwd: process.cwd(), files: look(HOME), beside: look(join(HOME, '..')).filter((one) => one !== basename(HOME)) }
  writeFileSync(join(HOME, 'kept'), 'of a principal')
  return JSON.stringify(told)
}
const results = {
  initialize: () => ({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'keeping', version: '1' } }),
  'tools/list': () => ({ tools: [{ name: 'search', inputSchema: { type: 'object' } }] }),
  'tools/call': () => ({ content: [{ type: 'text', text: kept() }] }),
}
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method]() }))
})`

interface Told {
  readonly home: string
  readonly cwd: string
  readonly files: readonly string[]
  readonly beside: readonly string[]
}

const SANDBOX: Isolation = { kind: 'bubblewrap', read: [], write: [], network: false }
const isolations: readonly (readonly [string, Isolation, boolean | string])[] = [
  ['a trusted process', { kind: 'trusted' }, false],
  ['a process in a sandbox', SANDBOX, withoutSandbox()],
]

for (const [what, isolation, skip] of isolations)
  test(`${what} of one principal has a home that no other one is given`, { skip }, async (t) => {
    const folder = await temporaryDirectory(t)
    const home = join(folder, 'upstreams', 'wiki')
    const transport = { command: process.execPath, args: ['-e', KEEPING], env: {}, home, isolation } as const
    const options = upstreamOptions({ kind: 'stdio', ...transport, memory: 1024 ** 3 }, { era: '2025-11-25' })
    const { upstreams, call } = testUpstreams([options], {
      pins: pinsOf({ wiki: [toolNamed('search')] }).upstreams,
      ports: { connect: createConnect(createSpawn(thisHost({ own: [folder], language: 'C.UTF-8' }))) },
    })
    t.after(async () => upstreams.close())
    const told = async (principal: string): Promise<Told> => JSON.parse(await call('wiki_search', principal))
    const [ada, bob, again] = [await told('user:ada'), await told('user:bob'), await told('user:ada')]
    assert.deepEqual([ada.files, bob.files, again.files], [[], [], ['kept']])
    assert.equal(new Set([ada.home, bob.home, home]).size, 3)
    assert.deepEqual([again.home, again.cwd], [ada.home, ada.home])
    assert.equal((await stat(ada.home)).mode & 0o777, 0o700)
    // Ours, which lists, could lay a link where the next home is to be.
    assert.ok(!ada.home.startsWith(`${home}/`), ada.home)
    if (isolation.kind === 'bubblewrap') assert.deepEqual([ada.beside, bob.beside], [[], []])
  })
