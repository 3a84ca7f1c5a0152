import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { exchange } from '../../src/cli/https-exchange.ts'
import { isSallyportError } from '../../src/errors.ts'
import { testAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('a server that sends its answer a byte at a time is not waited for', { timeout: 20_000 }, async (t) => {
  const { server: pair } = await testAuthority(await temporaryDirectory(t))
  const open = new Set<TLSSocket>()
  const server = createServer(pair, (socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n')
      const drip = setInterval(() => socket.write('x'), 50)
      socket.once('close', () => clearInterval(drip))
    })
  })
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answer = exchange(
    new URL(`https://127.0.0.1:${port}/pki/root`),
    { method: 'GET' },
    { rejectUnauthorized: false },
    500,
  )
  await assert.rejects(
    answer,
    (error) => isSallyportError(error, 'UNREACHABLE') && /did not answer in time/.test(error.message),
  )
})
