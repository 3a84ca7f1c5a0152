import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { catalogSurface } from '../../src/cli/catalog-surface.ts'
import { ownPaths } from '../../src/cli/own-paths.ts'
import { unreachableUpstreams, upstreamOptions } from '../../src/cli/upstream-options.ts'
import { loadConfig, type Config } from '../../src/config/config.ts'
import { launchFault } from '../../src/mcp/upstreams/launch-fault.ts'
import { thisHost } from '../../src/mcp/upstreams/process-this-host.ts'
import { installation, type Installation } from '../support/installation.ts'

let at: Installation
before(async () => {
  at = await installation()
})
after(async () => at.remove())

async function configured(upstreams: string, environment = {}): Promise<Config> {
  await writeFile(join(at.cwd, 'sallyport.yaml'), `upstreams: ${upstreams}\n`)
  return loadConfig(environment, at.cwd)
}

test('a process is kept apart unless the operator says otherwise, with a home of its own', async () => {
  const config = await configured(
    '{ a: { command: x }, b: { command: y, trusted: true }, c: { url: "https://c/" } }',
  )
  const [a, b, c] = upstreamOptions(config).map(({ transport }) => transport)
  assert.ok(a?.kind === 'stdio' && b?.kind === 'stdio' && c?.kind === 'http')
  assert.deepEqual(a.isolation, { kind: 'bubblewrap', read: [], write: [], network: false })
  assert.equal(a.home, join(at.cwd, 'data/upstreams/a'))
  assert.deepEqual(b.isolation, { kind: 'trusted' })
  assert.equal(c.url.href, 'https://c/')
})

test('what is missing of all upstreams is told at once, and only where they are to be reached', async () => {
  const config = await configured('{ a: { command: "${NO_A}" }, b: { command: "${NO_B}" } }')
  assert.throws(
    () => upstreamOptions(config),
    /upstreams\.a\.command: the variable NO_A[^]*upstreams\.b\.command: the variable NO_B/,
  )
  assert.equal(unreachableUpstreams(config).length, 2)
})

test('no upstream is called as something that is there already', async () => {
  for (const name of ['notes', 'time', 'whoami', 'sessions'])
    await assert.rejects(
      catalogSurface(await configured(`{ ${name}: { command: x } }`)),
      new RegExp(`upstreams\\.${name}: "${name}" is the name of an area here already, that of "[a-z_:]+"`),
    )
  await catalogSurface(await configured('{ wiki: { command: x } }'))
})

test('the names of its tools are permissions of nothing else', async () => {
  for (const area of ['notes', 'sessions', 'time', 'docs'])
    await assert.rejects(
      catalogSurface(
        await configured(`{ wiki: { command: x, permission: "${area}:{tool}" }, docs: { command: x } }`),
      ),
      /upstreams\.wiki: "[a-z]+:\{tool\}" would let the names of its tools be permissions of /,
    )
  await catalogSurface(
    await configured(
      '{ wiki: { command: x, permission: "notes:read", permissions: [ { tools: a, permission: "wiki:{tool}" } ] }, docs: { command: x, permission: "pages:{tool}" } }',
    ),
  )
})

test('no sandbox shows what is of another upstream, or its secrets', async () => {
  await mkdir(join(at.cwd, 'data/upstreams/b'), { recursive: true })
  await mkdir(join(at.cwd, 'keys'))
  await writeFile(join(at.cwd, 'keys/token'), 'secret')
  const faultOf = async (path: string): Promise<string | undefined> => {
    const config = await configured(
      `{ a: { command: sh, sandbox: { read: [ "${path}" ] } }, b: { url: "https://b/", headers: { A: "\${file:keys/token}" } } }`,
    )
    const [a] = upstreamOptions(config)
    assert.ok(a !== undefined)
    const host = thisHost({ own: ownPaths(config), language: 'C.UTF-8' })
    return (await launchFault(a, { ...host, bubblewrapFault: async () => undefined }))?.fault
  }
  for (const path of ['keys', 'keys/token', 'data/upstreams', 'data/upstreams/b'])
    assert.match((await faultOf(path)) ?? '', /would show it .*, which is Sallyport's own/, path)
  await mkdir(join(at.cwd, 'share'))
  assert.doesNotMatch((await faultOf('share')) ?? '', /Sallyport's own/)
})
