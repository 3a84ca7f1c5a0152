import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bridgedClient, type BridgeArguments, type BridgedClient } from '../support/bridge.ts'
import { CLIENT_SHAPES } from '../support/clients.ts'
import { writeIdentity } from '../support/identity.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let demo: BridgeArguments
before(async () => {
  server = await startServer()
  await server.store.notes.write(
    { id: 'plan b', text: 'use the other door', author: 'service:admin-cli', updatedAt: 1 },
    { notes: 10, bytes: 1000 },
  )
  const url = `https://localhost:${server.ports.certificates}/mcp`
  demo = { url, dir: await writeIdentity(server.authority, 'demo') }
})
after(async () => server.close())

for (const shape of CLIENT_SHAPES)
  describe(`a ${shape} client, through a bridge`, () => {
    let bridged: BridgedClient
    const ends: (() => unknown)[] = []
    before(async () => {
      bridged = await bridgedClient({ after: (end) => ends.push(end) }, shape, demo)
    })
    after(async () => {
      for (const end of ends) await end()
    })

    test('lists, calls, reads the resource and gets the prompt', async () => {
      const { client } = bridged
      const { tools } = await client.listTools()
      assert.deepEqual(
        tools.map(({ name }) => name),
        ['notes_list', 'notes_read', 'time_now', 'whoami'],
      )
      const who = await client.callTool({ name: 'whoami' })
      assert.equal((who.structuredContent as { principal: string }).principal, 'service:demo')
      const note = await client.callTool({ name: 'notes_read', arguments: { id: 'plan b' } })
      assert.deepEqual(note.content, [{ type: 'text', text: 'use the other door' }])
      const { resources } = await client.listResources()
      assert.deepEqual(
        resources.map(({ uri }) => uri),
        ['note://plan%20b'],
      )
      const read = await client.readResource({ uri: 'note://plan%20b' })
      assert.equal(read.contents[0]?.text, 'use the other door')
      const { prompts } = await client.listPrompts()
      assert.deepEqual(
        prompts.map(({ name }) => name),
        ['summarize_note'],
      )
      const prompt = await client.getPrompt({ name: 'summarize_note', arguments: { id: 'plan b' } })
      assert.equal(prompt.messages.length, 1)
    })

    test('gets one answer for a tool that it may not use and for one that does not exist', async () => {
      const refusal = async (name: string): Promise<string> => {
        const error: unknown = await bridged.client
          .callTool({ name, arguments: { id: 'x', text: 'y' } })
          .then(
            () => assert.fail(`${name} was called`),
            (thrown: unknown) => thrown,
          )
        assert.ok(error instanceof Error)
        return error.message.replace(name, 'NAME')
      }
      assert.equal(await refusal('notes_write'), await refusal('notes_wrote'))
    })
  })
