import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { ask, modern, type Answer, type Ask } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { headerValue } from '../support/tls-proxy.ts'

let server: TestServer
/** What claims to be the administrator, in every way that is known. */
let forged: Record<string, string>
before(async () => {
  const echo = defineTool({
    name: 'echo',
    description: 'Says who calls.',
    inputSchema: z.strictObject({}),
    permission: 'authenticated',
    run: (_args, { context }) => textResult(JSON.stringify(context)),
  })
  server = await startServer({
    listeners: {
      certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
      people: { host: '127.0.0.1', port: 0 },
      operations: { host: '127.0.0.1', port: 0 },
    },
    catalog: { tools: [echo] },
  })
  const admin = new X509Certificate((await server.authority.client('admin-cli')).cert)
  forged = {
    'client-cert': headerValue('client-cert', admin),
    'client-cert-chain': headerValue('client-cert', admin),
    'x-forwarded-client-cert': headerValue('x-forwarded-client-cert', admin),
    'x-ssl-client-cert': encodeURIComponent(admin.toString()),
    'x-ssl-client-verify': 'SUCCESS',
    'ssl-client-subject-dn': 'CN=admin-cli',
    client_cert: headerValue('client-cert', admin),
    forwarded: 'for=10.9.8.7;host=elsewhere.example;proto=http',
    'x-forwarded-for': '10.9.8.7',
    'x-forwarded-host': 'elsewhere.example',
    'x-real-ip': '10.9.8.7',
    'x-original-url': '/nothing',
    'x-remote-user': 'admin-cli',
  }
})
after(async () => server.close())

async function removed(): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.operations}/metrics`)).text()
  const lines = text.matchAll(/^sallyport_identity_headers_removed_total\{header="([^"]+)"\} (\d+)$/gm)
  return new Map([...lines].map(([, header = '', count]) => [header, Number(count)]))
}

/** Sends a request as it is, and with the forged headers; the counters must say so of the second alone. */
async function both(request: Partial<Ask> & Pick<Ask, 'port'>): Promise<[Answer, Answer]> {
  const ca = server.authority.rootPem
  const start = await removed()
  const plain = await ask({ ca, ...request })
  assert.deepEqual(await removed(), start)
  const withForged = await ask({ ca, ...request, headers: { ...request.headers, ...forged } })
  const end = await removed()
  const counted = [...end].map(([entry, count]) => [entry, count - (start.get(entry) ?? 0)] as const)
  assert.deepEqual(Object.fromEntries(counted.filter(([, count]) => count > 0)), {
    'client-cert': 2,
    'client-cert-chain': 1,
    'x-forwarded-client-cert': 1,
    'x-ssl-*': 2,
    'ssl-client-*': 1,
    forwarded: 1,
    'x-forwarded*': 2,
    'x-real-ip': 1,
    'x-original-*': 1,
    'x-remote-*': 1,
  })
  return [plain, withForged]
}

const echo = modern('tools/call', { name: 'echo' })

test('who has a certificate is himself, whatever the headers say', async () => {
  const pair = await server.authority.client('demo')
  const answers = await both({ port: server.ports.certificates, ...pair, ...echo })
  for (const { status, body } of answers) {
    assert.equal(status, 200)
    assert.match(body, /service:demo/)
    assert.doesNotMatch(body, /admin-cli|via/)
  }
})

test('who has a session is himself, whatever the headers say', async () => {
  const { token } = await openSession(server, 'bob')
  const headers = { ...echo.headers, authorization: `Bearer ${token}` }
  const answers = await both({ port: server.ports.people ?? 0, body: echo.body, headers })
  for (const { status, body } of answers) {
    assert.equal(status, 200)
    assert.match(body, /user:bob/)
    assert.doesNotMatch(body, /admin-cli/)
  }
})

test('who has nothing is nobody, whatever the headers say', async () => {
  const answers = await both({ port: server.ports.people ?? 0, ...echo })
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401],
  )
})

test('the pages see none of them: no other host, no other address', async () => {
  const [, page] = await both({ port: server.ports.people ?? 0, path: '/login', method: 'GET' })
  assert.equal(page.status, 200)
  const body = JSON.stringify({ username: 'nobody', password: 'wrong password' })
  const headers = { 'content-type': 'application/json' }
  await both({ port: server.ports.people ?? 0, path: '/auth/login', body, headers })
  await server.event('request.refused', ({ reason }) => reason === 'invalid_credentials')
  assert.doesNotMatch(JSON.stringify(server.events), /10\.9\.8\.7|elsewhere/)
})
