import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConnect } from '../../../src/mcp/upstreams/connect.ts'
import { hidingSecrets } from '../../../src/mcp/upstreams/hiding-secrets.ts'
import { callOf, DISCOVERED, httpTransport, rawServer, upstreamOptions } from '../../support/dialed.ts'

const HEADERS = { authorization: ['Bearer ', 'static-secret'], 'x-user': [{ user: 'token' }] }
const connect = hidingSecrets(createConnect(async () => assert.fail('nothing is started here')))
const dial = { secrets: { token: 'secret-of-ada' }, clientCapabilities: {} }
const events = { onListChanged: () => undefined, onLine: () => undefined }

test('what a server repeats of its headers in an error is told by their names', async (t) => {
  let isUp = false
  const url = await rawServer(t, ({ id, method }, response, { headers }) => {
    const { authorization, 'x-user': user } = headers
    const message = `no ${authorization} of ${String(user)}`
    const error = { code: -32_001, message, data: { authorization } }
    const answer = isUp && method === 'server/discover' ? { result: DISCOVERED } : { error }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  })
  const options = upstreamOptions(httpTransport(url, { headers: HEADERS }), { era: '2026-07-28' })
  const { signal } = new AbortController()
  const failed = await connect(options, { ...dial, signal }, events)
  assert.ok(failed.kind === 'failed')
  assert.match(failed.why, /no Bearer \[authorization\] of \[token\]/)
  isUp = true
  const connected = await connect(options, { ...dial, signal }, events)
  assert.ok(connected.kind === 'connected')
  const answer = await connected.connection.request(callOf('a'))
  assert.deepEqual(answer, {
    kind: 'error',
    code: -32_001,
    message: 'no Bearer [authorization] of [token]',
    data: undefined,
  })
  await connected.connection.close()
})
