import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownCatalog } from '../../src/cli/catalog-surface.ts'
import { upstreamFiles } from '../../src/cli/upstream-files.ts'
import { loadConfig } from '../../src/config/config.ts'
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
  const files = await upstreamFiles(config, await ownCatalog(config), () => {
    if (isHalf) writeFileSync(path, upstream('a'))
    const half = load()
    if (isHalf) isHalf = false
    return half
  })
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
