import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { removeIdentityHeaders } from '../../src/http/remove-identity-headers.ts'

const server = createServer()
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

/** A real request with these header lines, as the server has it. */
async function received(...lines: string[]): Promise<IncomingMessage> {
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.write(['GET / HTTP/1.1', 'Host: localhost', ...lines, 'Connection: close', '', ''].join('\r\n'))
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  response.end()
  socket.resume()
  return request
}

/** Every name that can be read off a request in any way. */
function namesIn({ headers, headersDistinct, rawHeaders }: IncomingMessage): string[] {
  const raw = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return [...new Set([...Object.keys(headers), ...Object.keys(headersDistinct), ...raw])].toSorted()
}

test('a header that claims an identity is gone from wherever it could be read', async () => {
  const request = await received(
    'Client-Cert: :YQ==:',
    'Accept: a',
    'X-Forwarded-For: 10.0.0.1',
    'x-real-ip: 10.0.0.2',
  )
  removeIdentityHeaders(request)
  assert.deepEqual(namesIn(request), ['accept', 'connection', 'host'])
  assert.deepEqual(request.rawHeaders, ['Host', 'localhost', 'Accept', 'a', 'Connection', 'close'])
})

test('also from what was read before', async () => {
  const request = await received('Client-Cert: :YQ==:')
  const { headers, headersDistinct, rawHeaders } = request
  removeIdentityHeaders(request)
  assert.deepEqual(namesIn({ headers, headersDistinct, rawHeaders } as IncomingMessage), [
    'connection',
    'host',
  ])
})

test('every value that was removed is told, in order, with the name as it was sent', async () => {
  const request = await received(
    'Client-Cert: one',
    'client_cert: two',
    'CLIENT-CERT: three',
    'X-Forwarded-For: a, b',
    'X-SSL-Client-DN:',
  )
  assert.deepEqual(removeIdentityHeaders(request), [
    { name: 'client-cert', value: 'one', entry: 'client-cert' },
    { name: 'client_cert', value: 'two', entry: 'client-cert' },
    { name: 'client-cert', value: 'three', entry: 'client-cert' },
    { name: 'x-forwarded-for', value: 'a, b', entry: 'x-forwarded*' },
    { name: 'x-ssl-client-dn', value: '', entry: 'x-ssl-*' },
  ])
  assert.deepEqual(namesIn(request), ['connection', 'host'])
})

test('a request without any keeps all it has', async () => {
  const request = await received('Accept: a', 'Accept: b', 'Cookie: c=d')
  const start = structuredClone([request.headers, request.rawHeaders])
  assert.deepEqual(removeIdentityHeaders(request), [])
  assert.deepEqual([request.headers, request.rawHeaders], start)
})
