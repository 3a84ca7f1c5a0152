import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CLIENT_SHAPES, connectClient, type AnyClient, type ClientShape } from '../support/clients.ts'
import { heard } from '../support/heard.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await startServer()
})
after(async () => server.close())

async function connected(shape: ClientShape, name: string): Promise<AnyClient> {
  const { cert, key } = await server.authority.client(name)
  const url = `https://127.0.0.1:${server.ports.certificates}/mcp`
  return connectClient(shape, url, { ca: server.authority.rootPem, cert, key })
}

const write = async (client: AnyClient, id: string) =>
  client.callTool({ name: 'notes_write', arguments: { id, text: 'x' } })

const WITHOUT_DEMO = policyOf(`version: 1
rules: []
roles: { admin: [ "*" ] }
grants: [ { service: admin-cli, roles: [ admin ] } ]
`)

for (const shape of CLIENT_SHAPES)
  describe(`a ${shape} client that watches a note`, () => {
    test('hears that it was written and deleted, until it may read no notes any more', async (t) => {
      const [admin, demo] = [await connected('2.x pinned', 'admin-cli'), await connected(shape, 'demo')]
      t.after(async () => Promise.all([admin.close(), demo.close()]))
      const told = heard<string>()
      const [begin, plan, end] = ['note://begin', 'note://plan%20b', 'note://end']
      assert.deepEqual(await demo.watch([begin, plan, end], told.hear), [begin, plan, end])
      // A 2025-era client opens its stream by and by: what was told before that went nowhere.
      while (told.unheard.length === 0) await write(admin, 'begin')
      const untilTheEnd = async (): Promise<readonly string[]> => {
        await write(admin, 'end')
        const all = [await told.next()]
        while (all.at(-1) !== end) all.push(await told.next())
        return all
      }
      await untilTheEnd()
      await write(admin, 'plan b')
      await write(admin, 'another')
      await admin.callTool({ name: 'notes_delete', arguments: { id: 'plan b' } })
      assert.deepEqual(await untilTheEnd(), [plan, plan, end])
      server.setPolicy(WITHOUT_DEMO)
      t.after(() => server.setPolicy(policyOf()))
      await write(admin, 'plan b')
      server.setPolicy(policyOf())
      assert.deepEqual(await untilTheEnd(), [end])
    })

    test('is granted nothing that it may not read', async (t) => {
      const stranger = await connected(shape, 'stranger')
      t.after(async () => stranger.close())
      const granted = await stranger.watch(['note://plan%20b', 'toad://plan%20b'], () => undefined)
      assert.deepEqual(granted, [])
    })
  })
