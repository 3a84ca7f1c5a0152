import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bridgedClient, type BridgeArguments, type BridgedClient } from '../support/bridge.ts'
import { CLIENT_SHAPES } from '../support/clients.ts'
import { writeIdentity } from '../support/identity.ts'
import { usesWhatReadersMay } from '../support/reader.ts'
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
      await usesWhatReadersMay(bridged.client)
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
