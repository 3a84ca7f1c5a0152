import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { protect, type Door } from '../../src/cli/protect.ts'
import { isSallyportError } from '../../src/errors.ts'
import { ask, modern, type Answer } from '../support/clients.ts'
import { ANY_PORTS } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { installation, type Installation } from '../support/installation.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

function server(name = 'search'): McpServer {
  const made = new McpServer({ name: 'one', version: '1' })
  made.registerTool(
    name,
    { description: 'Searches.', inputSchema: z.object({}) },
    async (_args, { http }) => ({
      content: [{ type: 'text', text: JSON.stringify(http?.authInfo) }],
    }),
  )
  return made
}

/** Works behind the door of a server of this process, in the folder of an installation, and closes it. */
async function behind(
  t: TestContext,
  open: () => Promise<Door>,
  work: (call: (name: string, as: string) => Promise<Answer>) => Promise<void>,
): Promise<void> {
  const at: Installation = await installation()
  t.after(async () => at.remove())
  const finished = await inProcess([], { cwd: at.cwd, env: ANY_PORTS }, async () => {
    const door = await open()
    const { certificates: port } = await door.listen()
    await work(async (name, as) => {
      const pair = await at.authority.client(as)
      return ask({ port, ...pair, ca: at.authority.rootPem, ...modern('tools/call', { name }) })
    })
    await door.close()
    const tls = { ca: at.authority.rootPem, ...(await at.authority.client('admin-cli')) }
    await assert.rejects(ask({ port, ...tls, ...modern('tools/list') }), /ECONNREFUSED/)
    return 0
  })
  assert.equal(finished.code, 0)
}

test('a server itself is protected by its area "app", under its own names, until the door is closed', async (t) => {
  const one = server()
  await behind(
    t,
    async () => protect(one),
    async (call) => {
      const { body } = await call('search', 'admin-cli')
      assert.match(body, /\\"token\\":\\"\\",\\"clientId\\":\\"service:admin-cli\\",\\"scopes\\":\[\]/)
      assert.match(body, /\\"roles\\":\[\\"admin\\"\],\\"requestId\\":\\"[0-9a-f-]{36}\\"/)
      assert.match((await call('search', 'demo')).body, /Unknown tool: search/)
      assert.match((await call('whoami', 'demo')).body, /service:demo/)
    },
  )
  assert.equal(one.isConnected(), false)
})

test('a tool that a server has later on is protected as those that it began with', async (t) => {
  const one = server()
  await behind(
    t,
    async () => protect(one),
    async (call) => {
      assert.match((await call('late', 'admin-cli')).body, /Unknown tool: late/)
      one.registerTool('late', { inputSchema: z.object({}) }, async () => ({
        content: [{ type: 'text', text: 'late it is' }],
      }))
      while (!(await call('late', 'admin-cli')).body.includes('late it is')) await setImmediate()
      assert.match((await call('late', 'demo')).body, /Unknown tool: late/)
    },
  )
})

test('with a name and a prefix it is one upstream among others', async (t) => {
  await behind(
    t,
    async () => protect(() => server(), { name: 'wiki', prefix: true, permission: 'notes:read' }),
    async (call) => {
      assert.match((await call('wiki_search', 'demo')).body, /service:demo/)
      assert.match((await call('search', 'demo')).body, /Unknown tool/)
    },
  )
})

test('a tool that has the name of one of our own is not served in its place', async (t) => {
  await behind(
    t,
    async () => protect(() => server('whoami')),
    async (call) => assert.doesNotMatch((await call('whoami', 'admin-cli')).body, /"clientId/),
  )
})

test('a door that is closed while it opens is closed all the same', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  await inProcess([], { cwd: at.cwd, env: ANY_PORTS }, async () => {
    const door = await protect(server())
    const listening = door.listen()
    await door.close()
    await listening
    return 0
  })
})

test('without an installation in the folder nothing is served', async (t) => {
  const cwd = await temporaryDirectory(t)
  await inProcess([], { cwd }, async () => {
    await assert.rejects(protect(server()), (error) => isSallyportError(error, 'CONFIGURATION_INVALID'))
    return 0
  })
})

test('what is unfit is said by listen, and nothing listens', async (t) => {
  const at = await installation()
  t.after(async () => at.remove())
  await writeFile(join(at.cwd, 'access.yaml'), 'version: 2\n')
  await inProcess([], { cwd: at.cwd, env: ANY_PORTS }, async () => {
    const door = await protect(server())
    await assert.rejects(door.listen(), /access\.yaml/)
    await door.close().catch(() => undefined)
    return 0
  })
})
