import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownCatalog } from '../../src/cli/catalog-surface.ts'
import { upstreamFiles } from '../../src/cli/upstream-files.ts'
import { upstreamHost } from '../../src/cli/upstream-host.ts'
import { loadConfig, type Config } from '../../src/config/config.ts'
import { installation } from '../support/installation.ts'

const upstream = (...deny: readonly string[]): string =>
  [
    'upstreams:',
    '  wiki:',
    '    url: https://wiki.internal/mcp',
    '    deny:',
    ...deny.map((name) => `      - ${name}`),
    '',
  ].join('\n')

test('a configuration that is being written while it is read is not taken', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  const path = join(at.cwd, 'sallyport.yaml')
  const load = () => loadConfig({}, at.cwd)
  await writeFile(path, upstream('a'))
  let isHalf = true
  const config = load()
  const files = await upstreamFiles(
    config,
    await ownCatalog(config),
    () => {
      if (isHalf) writeFileSync(path, upstream('a'))
      const half = load()
      if (isHalf) isHalf = false
      return half
    },
    undefined,
  )
  t.after(() => files.close())
  const [loaded, rejected] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  files.follow({ onLoaded: () => loaded.resolve(), onRejected: rejected.resolve })
  await writeFile(path, upstream('a', 'b'))
  files.look()
  assert.match(await rejected.promise, /keeps changing/)
  await writeFile(path, upstream('a', 'b', 'c'))
  files.look()
  await loaded.promise
  assert.deepEqual(files.current().wanted().options[0]?.deny, ['a', 'b', 'c'])
})

/** Sandboxes work. */
const hostOf = (config: Config) => ({ ...upstreamHost(config), bubblewrapFault: async () => undefined })

test('upstreams that would not be kept apart are refused, each in a sentence; those whose program is missing are not', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  const path = join(at.cwd, 'sallyport.yaml')
  const load = () => loadConfig({}, at.cwd)
  const open = async () => {
    const config = load()
    return upstreamFiles(config, await ownCatalog(config), load, hostOf(config))
  }
  const good = '  files: { command: no-such-program }\n'
  const bad =
    '  git: { command: sh, user: nobody-of-that-name }\n  wiki: { command: no-such-program, sandbox: { read: [ . ] } }\n'
  await writeFile(path, `upstreams:\n${good}${bad}`)
  await assert.rejects(open(), (error: Error) => {
    const [git, wiki, ...others] = error.message.split('\n')
    assert.match(
      git ?? '',
      /^upstreams\.git: .*the user "nobody-of-that-name"|^upstreams\.git: There is no user/,
    )
    assert.match(wiki ?? '', /^upstreams\.wiki: \S+ would show it \S+, which is Sallyport's own/)
    assert.deepEqual(others, [])
    return true
  })
  await writeFile(path, `upstreams:\n${good}`)
  const files = await open()
  t.after(() => files.close())
  const rejected = Promise.withResolvers<string>()
  files.follow({ onLoaded: () => undefined, onRejected: rejected.resolve })
  await writeFile(path, `upstreams:\n${good}${bad}`)
  files.look()
  assert.match(await rejected.promise, /^upstreams\.git: .*\nupstreams\.wiki: /)
  assert.deepEqual(
    files
      .current()
      .wanted()
      .options.map(({ name }) => name),
    ['files'],
  )
})

test('what only the new configuration keeps from upstreams is shown to none of its own', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  await mkdir(join(at.cwd, 'keys'))
  await writeFile(join(at.cwd, 'keys/token'), 'secret')
  const path = join(at.cwd, 'sallyport.yaml')
  const load = () => loadConfig({}, at.cwd)
  const files = '  files: { command: sh, sandbox: { read: [ keys ] } }\n'
  await writeFile(path, `upstreams:\n${files}`)
  const config = load()
  const followed = await upstreamFiles(config, await ownCatalog(config), load, hostOf(config))
  t.after(() => followed.close())
  const rejected = Promise.withResolvers<string>()
  followed.follow({ onLoaded: () => undefined, onRejected: rejected.resolve })
  await writeFile(
    path,
    `upstreams:\n${files}  wiki: { url: "https://wiki/", headers: { A: "\${file:keys/token}" } }\n`,
  )
  followed.look()
  assert.match(await rejected.promise, /^upstreams\.files: \S+keys would show it \S+keys\/token/)
})

test('what is missing for one upstream keeps no other from being taken; it keeps what it had, until nothing is missing', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  const path = join(at.cwd, 'sallyport.yaml')
  const load = () => loadConfig({}, at.cwd)
  await writeFile(path, 'upstreams: { wiki: { command: old } }\n')
  const config = load()
  const files = await upstreamFiles(config, await ownCatalog(config), load, hostOf(config))
  t.after(() => files.close())
  const told: string[] = []
  const [partly, whole] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  files.follow({
    onLoaded: () => {
      told.push('loaded')
      if (told.length > 2) whole.resolve()
    },
    onRejected(problem, isPartly) {
      told.push(`${isPartly} ${problem}`)
      partly.resolve()
    },
  })
  const key = (name: string) => `env: { KEY: "\${file:${name}}" }`
  await writeFile(
    path,
    `upstreams: { fresh: { command: sh, ${key('key')} }, wiki: { command: new, ${key('key')} }, git: { command: sh } }\n`,
  )
  files.look()
  await partly.promise
  const commands = () =>
    files
      .current()
      .wanted()
      .options.map(({ name, transport }) => [
        name,
        'command' in transport ? transport.command : transport.kind,
      ])
  assert.deepEqual(commands(), [
    ['fresh', 'in-process'],
    ['git', 'sh'],
    ['wiki', 'old'],
  ])
  assert.equal(told[0], 'loaded')
  assert.match(
    told[1] ?? '',
    /^true upstreams\.fresh\.env\.KEY: .*\nupstreams\.wiki\.env\.KEY: .* cannot be read/,
  )
  assert.match(files.lastProblem() ?? '', /^upstreams\.fresh/)
  const [fresh] = files.current().wanted().options
  assert.ok(fresh?.transport.kind === 'in-process')
  await assert.rejects(
    fresh.transport.connect({
      send: () => undefined,
      onMessage: () => undefined,
      onClose: () => undefined,
      close: () => undefined,
    }),
    /upstreams\.fresh\.env\.KEY/,
  )
  await writeFile(join(at.cwd, 'key'), 'x')
  files.look()
  await whole.promise
  assert.deepEqual(commands(), [
    ['fresh', 'sh'],
    ['git', 'sh'],
    ['wiki', 'new'],
  ])
  assert.equal(files.lastProblem(), null)
  assert.equal(told.length, 3)
})

test('an upstream that lacks something does not keep a user of the machine that another one has by now', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  const path = join(at.cwd, 'sallyport.yaml')
  const load = () => loadConfig({}, at.cwd)
  await writeFile(path, 'upstreams: { wiki: { command: sh, user: mcp } }\n')
  const config = load()
  const files = await upstreamFiles(config, await ownCatalog(config), load, undefined)
  t.after(() => files.close())
  const partly = Promise.withResolvers<void>()
  files.follow({ onLoaded: () => undefined, onRejected: () => partly.resolve() })
  await writeFile(path, 'upstreams: { wiki: { command: "${NOT_SET}" }, git: { command: sh, user: mcp } }\n')
  files.look()
  await partly.promise
  assert.deepEqual(
    files
      .current()
      .wanted()
      .options.map(({ transport }) => transport.kind),
    ['stdio', 'in-process'],
  )
})
