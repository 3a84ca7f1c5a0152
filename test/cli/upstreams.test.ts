import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { writeLockFile } from '../../src/cli/lock-file.ts'
import type { LockParts } from '../../src/cli/lock-parts.ts'
import { tell } from '../../src/cli/print.ts'
import { upstreams } from '../../src/cli/upstreams.ts'
import type { Connect } from '../../src/mcp/upstreams/connection.ts'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import type { Finished } from '../support/command.ts'
import { pinsOf, toolNamed } from '../support/definitions.ts'
import { inProcess } from '../support/in-process.ts'
import { offering } from '../support/listing-upstream.ts'
import { wiki } from '../support/relaying.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const tool = (name: string, description?: string) => ({
  name,
  inputSchema: { type: 'object' },
  ...(description === undefined ? {} : { description }),
})

const overHttp: UpstreamOptions['transport'] = {
  kind: 'http',
  url: new URL('https://wiki.internal/key-of-somebody/mcp'),
  headers: {},
  tls: { pins: [] },
}
const byNpx: UpstreamOptions['transport'] = {
  kind: 'stdio',
  command: 'npx',
  args: ['-y', 'files-server', 'key-of-somebody'],
  env: {},
  home: '/nowhere',
  isolation: { kind: 'bubblewrap', read: [], write: [], network: false },
  memory: 1,
}

/** One that changed a tool and added one, one that is new, one that ends before it says anything. */
const connect: Connect = async ({ name }, _dial, { onLine }) => {
  if (name === 'wiki') return offering({ tools: [tool('search', 'Another.'), tool('new'), tool('read')] })
  if (name === 'git') return offering({ tools: [tool('log')] })
  for (const line of [
    '',
    'Error: no \u001B[2Jpackage',
    '    at index.js:1',
    '}',
    'Node.js v24',
    'Node.js v24',
  ])
    onLine(line)
  return { kind: 'failed', why: 'it ended with exit code 1' }
}

async function run(t: TestContext, names: readonly string[], json: boolean): Promise<Finished> {
  const directory = await temporaryDirectory(t)
  const parts: LockParts = {
    file: join(directory, 'sallyport.lock.yaml'),
    options: [
      wiki({ transport: overHttp }),
      wiki({ name: 'git' }),
      wiki({ name: 'files', transport: byNpx }),
    ],
    ports: { connect, secret: async () => undefined },
    record: async () => undefined,
    confirm: async () => undefined,
    user: 'alice',
  }
  const pinned = ['search', 'read', 'gone'].map((name) => toolNamed(name))
  await writeLockFile(parts.file, () => pinsOf({ wiki: pinned, files: [toolNamed('cat')] }))
  return inProcess([], { cwd: directory }, async () => {
    try {
      await upstreams(names, json, parts)
      return 0
    } catch (error) {
      tell(String(error))
      return 1
    }
  })
}

test('each upstream is told with what of it is served, and what is wrong', async (t) => {
  const { code, stdout, stderr } = await run(t, [], false)
  assert.equal(code, 1)
  assert.match(stderr, /1 upstream did not answer: files/)
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'UPSTREAM  REACHED BY             ERA         PINNED  SERVED  QUARANTINED',
    'wiki      https://wiki.internal  2025-11-25  3       1       2',
    'git       -                      2025-11-25  0       0       1',
    'files     npx (bubblewrap)       no answer   1       -       -',
    'wiki: 3 differences from what was approved: "npx sallyport lock diff wiki" shows them',
    'git: nothing of it was ever approved: "npx sallyport lock approve git" shows what it offers and asks',
    String.raw`files: it ended with exit code 1; it fetches packages, and has no network; it wrote: Error: no \u001b[2Jpackage | Node.js v24`,
  ])
})

test('as JSON, of those alone that are named', async (t) => {
  const { code, stdout } = await run(t, ['git'], true)
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(stdout), [
    {
      upstream: 'git',
      reached: '-',
      era: '2025-11-25',
      pinned: 0,
      served: 0,
      quarantined: 1,
      problem:
        'nothing of it was ever approved: "npx sallyport lock approve git" shows what it offers and asks',
    },
  ])
  assert.match((await run(t, ['gitt'], true)).stderr, /there is no upstream "gitt".*did you mean "git"/)
})

test('what is missing for one upstream keeps nobody from looking at another', async (t) => {
  const cwd = await temporaryDirectory(t)
  const text = [
    'upstreams:',
    '  wiki: { url: "https://wiki.internal/mcp", headers: { Authorization: "Bearer ${NOT_SET_ANYWHERE}" } }',
    '  files: { command: a-command-that-is-nowhere }',
  ]
  await writeFile(join(cwd, 'sallyport.yaml'), text.join('\n'))
  const said = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await inProcess(args, { cwd })
    assert.equal(code, 1)
    return stdout + stderr
  }
  assert.match(await said('upstreams', 'files'), /files: .*"a-command-that-is-nowhere" was not found/)
  assert.match(await said('lock', 'diff', 'files'), /files: .*"a-command-that-is-nowhere" was not found/)
  assert.match(await said('lock', 'diff', 'file'), /did you mean "files"/)
  assert.match(await said('lock', 'verify', '--offline'), /never approved: files, wiki/)
  assert.match(await said('upstreams'), /the variable NOT_SET_ANYWHERE is not set/)
})
