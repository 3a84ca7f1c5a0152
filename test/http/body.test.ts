import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { readBody, textOf } from '../../src/http/body.ts'

const server = createServer()
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.close()
  server.closeAllConnections()
})

/** A request as the server sees it; the client has sent its headers only. */
async function asked(
  headers: Record<string, string | number>,
): Promise<{ client: ClientRequest; request: IncomingMessage }> {
  const { port } = server.address() as { port: number }
  const client = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false, headers })
  client.on('error', () => undefined)
  client.flushHeaders()
  const [request] = (await once(server, 'request')) as [IncomingMessage]
  return { client, request }
}

test('a body of just the limit is read, by declared length and in chunks', async () => {
  for (const headers of [{ 'content-length': 10 }, { 'transfer-encoding': 'chunked' }]) {
    const { client, request } = await asked(headers)
    const body = readBody(request, 10)
    client.write('01234')
    client.end('56789')
    assert.deepEqual(await body, { kind: 'read', bytes: Buffer.from('0123456789') })
  }
})

test('no body is an empty one', async () => {
  const { client, request } = await asked({ 'content-length': 0 })
  client.end()
  assert.deepEqual(await readBody(request, 10), { kind: 'read', bytes: Buffer.alloc(0) })
})

test('a body that says it is longer is not read at all', async () => {
  const { client, request } = await asked({ 'content-length': 11 })
  assert.deepEqual(await readBody(request, 10), { kind: 'too_large' })
  assert.equal(request.readableFlowing, null)
  client.destroy()
})

test('a body that turns out longer is read no further, and the connection still takes an answer', async () => {
  const { client, request } = await asked({ 'transfer-encoding': 'chunked' })
  client.write('0123456789x')
  assert.deepEqual(await readBody(request, 10), { kind: 'too_large' })
  assert.equal(request.destroyed, false)
  client.destroy()
})

test('a client that goes away in the middle is an error', async () => {
  const { client, request } = await asked({ 'content-length': 10 })
  const body = readBody(request, 10)
  client.write('01234')
  client.destroy()
  await assert.rejects(body, { code: 'ECONNRESET' })
})

test('the text of UTF-8 is read whole, also a byte order mark', () => {
  assert.equal(textOf(Buffer.from('{"ä":"🚪"}')), '{"ä":"🚪"}')
  assert.equal(textOf(Buffer.from('\uFEFF{}')), '\uFEFF{}')
  assert.equal(textOf(Buffer.alloc(0)), '')
})

test('what is not UTF-8 has no text', () => {
  for (const bytes of [
    [0xff],
    [0xc3],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf8, 0x88, 0x80, 0x80, 0x80],
    [0x22, 0xe9, 0x22],
  ])
    assert.equal(textOf(Buffer.from(bytes)), undefined, String(bytes))
})
