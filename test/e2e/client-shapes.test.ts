import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CLIENT_SHAPES, connectClient, type AnyClient, type ClientShape } from '../support/clients.ts'
import { usesWhatReadersMay } from '../support/reader.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await startServer()
  await server.store.notes.write(
    { id: 'plan b', text: 'use the other door', author: 'service:admin-cli', updatedAt: 1 },
    { notes: 10, bytes: 1000 },
  )
})
after(async () => server.close())

async function byCertificate(shape: ClientShape, name: string): Promise<AnyClient> {
  const { cert, key } = await server.authority.client(name)
  return connectClient(shape, `https://127.0.0.1:${server.ports.certificates}/mcp`, {
    ca: server.authority.rootPem,
    cert,
    key,
  })
}

for (const shape of CLIENT_SHAPES)
  describe(`a ${shape} client, by certificate`, () => {
    test('lists, calls, reads the resource and gets the prompt', async () => {
      const client = await byCertificate(shape, 'demo')
      await usesWhatReadersMay(client)
      await client.close()
    })

    test('gets one answer for a tool that it may not use and for one that does not exist', async () => {
      const client = await byCertificate(shape, 'demo')
      const refusal = async (name: string): Promise<string> => {
        const error: unknown = await client.callTool({ name, arguments: { id: 'x', text: 'y' } }).then(
          () => assert.fail(`${name} was called`),
          (thrown: unknown) => thrown,
        )
        assert.ok(error instanceof Error)
        return error.message.replace(name, 'NAME')
      }
      assert.equal(await refusal('notes_write'), await refusal('notes_wrote'))
      await client.close()
    })
  })
