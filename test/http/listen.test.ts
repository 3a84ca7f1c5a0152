import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { listenerOf, type Listener } from '../../src/http/listen.ts'

const MINUTE = 60_000

interface Setting {
  readonly server: Server
  readonly listener: Listener
  readonly port: number
  readonly errors: unknown[]
}

async function setting(t: TestContext): Promise<Setting> {
  const server = createServer()
  const errors: unknown[] = []
  const listener = listenerOf(server, { host: '127.0.0.1', port: 0 }, (error) => errors.push(error))
  const port = await listener.listen()
  t.after(async () => listener.close(0))
  return { server, listener, port, errors }
}

test('it listens on a free port, and a taken one is an error of Node', async (t) => {
  const { port } = await setting(t)
  assert.ok(port > 0)
  const second = listenerOf(createServer(), { host: '127.0.0.1', port }, () => undefined)
  await assert.rejects(second.listen(), { code: 'EADDRINUSE' })
  await second.close(MINUTE)
})

test('closing ends what is idle at once, and closing again is fine', async (t) => {
  const { server, listener, port } = await setting(t)
  server.on('request', (_request, response: ServerResponse) => response.end('done'))
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  await Promise.all([listener.close(MINUTE), once(socket, 'close')])
  await listener.close(MINUTE)
})

test('closing lets a request finish', async (t) => {
  const { server, listener, port } = await setting(t)
  const answer = once(get({ port, host: '127.0.0.1', agent: false }), 'response')
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  const closed = listener.close(MINUTE)
  response.end('done')
  const [received] = (await answer) as [IncomingMessage]
  assert.equal((await received.setEncoding('utf8').toArray()).join(''), 'done')
  await closed
})

test('closing cuts what does not end: requests, and connections that never said anything', async (t) => {
  const { server, listener, port } = await setting(t)
  const asking = get({ port, host: '127.0.0.1', agent: false })
  const silent = connect(port, '127.0.0.1')
  await Promise.all([once(server, 'request'), once(silent, 'connect')])
  await Promise.all([listener.close(0), once(asking, 'error'), once(silent, 'close')])
})

test('an error while it listens is reported, and it goes on listening', async (t) => {
  const { server, port, errors } = await setting(t)
  server.on('request', (_request, response: ServerResponse) => response.end('done'))
  const error = new Error('accept ENFILE')
  server.emit('error', error)
  assert.deepEqual(errors, [error])
  const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
    IncomingMessage,
  ]
  assert.equal(response.resume().statusCode, 200)
})
