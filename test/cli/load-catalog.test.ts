import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { loadCatalog } from '../../src/cli/load-catalog.ts'
import { isSallyportError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const LIBRARY = pathToFileURL(join(import.meta.dirname, '../../src/index.ts')).href

test('a module may export whole servers of this process', async (t) => {
  const path = await module(
    t,
    `import { protectedServer } from '${LIBRARY}'
     import { McpServer } from '${import.meta.resolve('@modelcontextprotocol/server')}'
     export const servers = [protectedServer(() => new McpServer({ name: 'a', version: '1' }), { name: 'app' })]`,
  )
  const { servers, tools } = await loadCatalog([path])
  assert.deepEqual(
    servers.map(({ name, transport }) => [name, transport.kind]),
    [['app', 'in-process']],
  )
  assert.deepEqual(tools, [])
})

const FAULTS = {
  'export const servers = [{ name: "app" }]': /"servers" must be a list of what protectedServer\(\) made/,
  'export const servers = [{ name: "app", transport: { kind: "stdio" } }]': /must be a list of what/,
  'export const tools = [{ name: "open" }]': /"open" in "tools" says no permission/,
  'export const nothing = 1': /exports neither tools nor prompts nor resources nor servers/,
}

for (const [text, message] of Object.entries(FAULTS))
  test(`what is exported wrongly is named: ${text}`, async (t) => {
    await assert.rejects(loadCatalog([await module(t, text)]), (error) => {
      assert.ok(isSallyportError(error, 'CATALOG_INVALID'))
      assert.match(error.message, message)
      return true
    })
  })

async function module(t: Parameters<typeof temporaryDirectory>[0], text: string): Promise<string> {
  const path = join(await temporaryDirectory(t), 'tools.mjs')
  await writeFile(path, text)
  return path
}
