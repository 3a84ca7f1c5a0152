import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http'
import { after, before, test } from 'node:test'
import { refuse, sendJson, sendResponse, sendText } from '../../src/http/respond.ts'

const server = createServer()
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.close()
  server.closeAllConnections()
})

interface Exchange {
  readonly client: ClientRequest
  readonly response: ServerResponse
  readonly answer: Promise<IncomingMessage>
}

async function exchange(options: RequestOptions = {}, body?: string): Promise<Exchange> {
  const { port } = server.address() as { port: number }
  const client = httpRequest({ port, host: '127.0.0.1', agent: false, ...options })
  const answer = once(client, 'response').then(([first]) => first as IncomingMessage)
  answer.catch(() => undefined)
  if (body === undefined) client.end()
  else client.write(body)
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  return { client, response, answer }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  return (await answer.setEncoding('utf8').toArray()).join('')
}

const EDGE = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

function without(headers: IncomingMessage['headers'], ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}

test('a refusal is its words as JSON, with the request id and the headers of the edge', async () => {
  const { response, answer } = await exchange()
  refuse(response, 'no_credential', 'request-1')
  const received = await answer
  assert.equal(received.statusCode, 401)
  assert.deepEqual(JSON.parse(await textOf(received)), {
    error: 'unauthenticated',
    message: 'This request was not authenticated.',
    requestId: 'request-1',
  })
  assert.deepEqual(without(received.headers, 'date', 'connection', 'content-length'), {
    ...EDGE,
    'content-type': 'application/json',
    'www-authenticate': 'Bearer',
  })
})

test('the length of JSON is counted in bytes', async () => {
  const { response, answer } = await exchange()
  sendJson(response, 200, { door: '🚪' })
  const received = await answer
  assert.equal(received.headers['content-length'], '15')
  assert.equal(await textOf(received), '{"door":"🚪"}')
})

test('an answer that has begun cannot become another: the connection ends', async () => {
  const { response, answer } = await exchange()
  response.write('half of ')
  const received = await answer
  refuse(response, 'internal_error', 'request-1')
  await assert.rejects(textOf(received), { code: 'ECONNRESET' })
})

test('a request that is not read to its end gets its answer, and costs the connection', async () => {
  const headers = { 'content-length': 1_000_000, connection: 'keep-alive' }
  const { client, response, answer } = await exchange({ method: 'POST', headers }, 'x'.repeat(1_000))
  client.on('error', () => undefined)
  refuse(response, 'body_too_large', 'request-1')
  const received = await answer
  assert.equal(received.statusCode, 413)
  assert.equal(received.headers.connection, 'close')
  assert.match(await textOf(received), /body_too_large/)
  await new Promise((resolve) => client.once('close', resolve))
})

test('a request without a body keeps its connection', async () => {
  const { response, answer } = await exchange({ headers: { connection: 'keep-alive' } })
  sendJson(response, 200, {})
  const received = await answer
  assert.equal(received.headers.connection, 'keep-alive')
  received.resume()
  received.socket.destroy()
})

test('ASVS 14.2.2: a web response keeps its status, headers and body; caching and the connection are the edge’s', async () => {
  const { response, answer } = await exchange({ headers: { connection: 'close' } })
  const headers = {
    'cache-control': 'public, max-age=60',
    connection: 'keep-alive',
    'content-type': 'text/event-stream',
    'mcp-session-id': 'abc',
    'x-content-type-options': 'sniff',
  }
  await Promise.all([sendResponse(response, new Response('data: 1\n\n', { status: 202, headers })), answer])
  const received = await answer
  assert.equal(received.statusCode, 202)
  assert.deepEqual(without(received.headers, 'date', 'transfer-encoding'), {
    ...EDGE,
    connection: 'close',
    'content-type': 'text/event-stream',
    'mcp-session-id': 'abc',
  })
  assert.equal(await textOf(received), 'data: 1\n\n')
})

test('a web response without a body is complete at once', async () => {
  const { response, answer } = await exchange()
  await sendResponse(response, new Response(null, { status: 202 }))
  assert.equal(await textOf(await answer), '')
})

test('a stream arrives as it is written, before it ends', async () => {
  const { response, answer } = await exchange()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const sent = sendResponse(response, new Response(readable))
  const writer = writable.getWriter()
  const received = await answer
  await writer.write(Buffer.from('first'))
  const [chunk] = (await once(received, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'first')
  await writer.close()
  await sent
})

/** A body that goes on until it is cancelled. */
function endless(): { body: ReadableStream; cancelled: Promise<void> } {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('first')),
    cancel: () => resolve(),
  })
  return { body, cancelled }
}

test('a client that goes away cancels the stream', async () => {
  const { client, response, answer } = await exchange()
  const { body, cancelled } = endless()
  const sent = assert.rejects(sendResponse(response, new Response(body)), {
    code: 'ERR_STREAM_PREMATURE_CLOSE',
  })
  await answer
  client.destroy()
  await Promise.all([sent, cancelled])
})

test('a client that had gone before has nothing sent, and its stream is cancelled, too', async () => {
  const { client, response, answer } = await exchange()
  client.destroy()
  await Promise.all([assert.rejects(answer), once(response, 'close')])
  const { body, cancelled } = endless()
  await sendResponse(response, new Response(body))
  await cancelled
  await sendResponse(response, new Response(null))
  sendJson(response, 200, {})
})

test('bytes are sent as they are, and nothing to who has gone', async () => {
  const { response, answer } = await exchange()
  sendText(response, 200, { type: 'application/json', text: Buffer.from('"é🛠"') })
  const received = await answer
  assert.equal(received.headers['content-length'], '8')
  assert.equal(await textOf(received), '"é🛠"')
  const gone = await exchange()
  const closed = once(gone.response, 'close')
  gone.client.destroy()
  await closed
  sendText(gone.response, 200, { type: 'application/json', text: Buffer.from('{}') })
  assert.equal(gone.response.headersSent, false)
})
