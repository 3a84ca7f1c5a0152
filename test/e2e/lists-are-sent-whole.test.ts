import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, modern } from '../support/clients.ts'
import { startServer } from '../support/server.ts'

test('a list has the headers and the body of every other answer, and its length', async (t) => {
  const server = await startServer()
  t.after(async () => server.close())
  const { ports, authority } = server
  const admin = { port: ports.certificates, ca: authority.rootPem, ...(await authority.client('admin-cli')) }
  const { headers, body } = modern('tools/list')
  // One thing more in it, which says nothing, and it is answered as everything else.
  const [quick, slow] = [
    await ask({ ...admin, headers, body }),
    await ask({ ...admin, headers, body: body.replace('"_meta":{', '"_meta":{"com.example/more":1,') }),
  ]
  assert.equal(quick.body, slow.body)
  assert.deepEqual([quick.status, slow.status], [200, 200])
  const { 'content-length': length, ...others } = quick.headers
  const { 'transfer-encoding': _, ...rest } = slow.headers
  assert.equal(Number(length), Buffer.byteLength(quick.body))
  const own = { date: '', 'x-request-id': '' }
  assert.deepEqual({ ...others, ...own }, { ...rest, ...own })
})
