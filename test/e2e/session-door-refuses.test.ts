import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { slotOfToken } from '../../src/auth/session-token.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { ask, CLIENT_SHAPES, connectClient, modern, type Answer } from '../support/clients.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { openSession } from '../support/session.ts'
import { startServer, TEST_SECRET, type TestServer } from '../support/server.ts'

const list = modern('tools/list')

/** The value that express-session sets for a token. */
function cookieOf(token: string): string {
  const [key] = sessionKeys([TEST_SECRET]).cookie
  const signature = createHmac('sha256', key).update(token).digest('base64').replace(/=+$/, '')
  return `__Host-sallyport=${encodeURIComponent(`s:${token}.${signature}`)}`
}

for (const engine of ['sqlite', 'redis'])
  describe(`the door for people, on ${engine}`, () => {
    let server: TestServer
    let redis: RedisServer | undefined
    before(async () => {
      redis = engine === 'redis' ? await startRedis() : undefined
      server = await startServer(redis === undefined ? {} : { storeLocation: redis.url })
    })
    after(async () => {
      await server.close()
      await redis?.stop()
    })

    const send = async (headers: Record<string, string>): Promise<Answer> =>
      ask({
        port: server.ports.people ?? 0,
        ca: server.authority.rootPem,
        ...list,
        headers: { ...list.headers, ...headers },
      })

    async function refused(headers: Record<string, string>, reason: RefusalReason): Promise<void> {
      const answer = await send(headers)
      assert.equal(answer.status, 401)
      assert.equal((answer.json() as { error: string }).error, 'unauthenticated')
      const { requestId } = answer.json() as { requestId: string }
      const event = await server.event('request.refused', (refusal) => refusal.requestId === requestId)
      assert.equal(event.reason, reason)
    }

    for (const shape of CLIENT_SHAPES)
      test(`a ${shape} client lists, calls, reads and prompts by bearer token`, async () => {
        const { token } = await openSession(server, 'alice')
        const client = await connectClient(
          shape,
          `https://127.0.0.1:${server.ports.people}/mcp`,
          { ca: server.authority.rootPem },
          { authorization: `Bearer ${token}` },
        )
        const { tools } = await client.listTools()
        assert.equal(tools.length, 6)
        await client.callTool({ name: 'notes_write', arguments: { id: shape, text: 'hello' } })
        const who = await client.callTool({ name: 'whoami' })
        assert.equal((who.structuredContent as { principal: string }).principal, 'user:alice')
        const uri = `note://${encodeURIComponent(shape)}`
        assert.ok((await client.listResources()).resources.some((resource) => resource.uri === uri))
        assert.equal((await client.readResource({ uri })).contents[0]?.text, 'hello')
        const prompt = await client.getPrompt({ name: 'summarize_note', arguments: { id: shape } })
        assert.equal(prompt.messages.length, 1)
        await client.close()
      })

    test('the cookie is a credential on a request of our own pages, and on no other', async () => {
      const { token } = await openSession(server, 'alice')
      const cookie = cookieOf(token)
      assert.equal((await send({ cookie, 'sec-fetch-site': 'same-origin' })).status, 200)
      await refused({ cookie }, 'session_wrong_site')
      await refused({ cookie, 'sec-fetch-site': 'none' }, 'session_wrong_site')
      assert.equal((await send({ cookie, 'sec-fetch-site': 'same-site' })).status, 403)
      assert.equal((await send({ cookie, 'sec-fetch-site': 'cross-site' })).status, 403)
    })

    test('a token or cookie with a changed byte is nobody', async () => {
      const { token } = await openSession(server, 'alice')
      const changed = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
      await refused({ authorization: `Bearer ${changed}` }, 'session_invalid')
      const cookie = cookieOf(token).replace(token, changed)
      await refused({ cookie, 'sec-fetch-site': 'same-origin' }, 'session_invalid')
      await refused({ cookie: cookieOf(changed), 'sec-fetch-site': 'same-origin' }, 'session_invalid')
      await refused({ authorization: `Bearer ${token.replace(/^sps_..../, 'sps_0000')}` }, 'session_invalid')
    })

    test('cookie and token together are refused, also when both are good and the same', async () => {
      const { token } = await openSession(server, 'alice')
      const headers = {
        cookie: cookieOf(token),
        'sec-fetch-site': 'same-origin',
        authorization: `Bearer ${token}`,
      }
      await refused(headers, 'credential_conflict')
    })

    test('credentials that are no tokens of ours are refused, never passed over', async () => {
      await refused({}, 'no_credential')
      await refused({ authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }, 'credential_malformed')
      await refused({ authorization: 'Basic YWxpY2U6eA==' }, 'credential_malformed')
      const { token } = await openSession(server, 'alice')
      const answer = await ask({
        port: server.ports.people ?? 0,
        ca: server.authority.rootPem,
        ...list,
        headers: { ...list.headers, authorization: [`Bearer ${token}`, 'Bearer x'] },
      })
      assert.equal(answer.status, 401)
    })

    test('ASVS 14.2.1: a token in the URL is no credential', async () => {
      const { token } = await openSession(server, 'alice')
      const answer = await ask({
        port: server.ports.people ?? 0,
        ca: server.authority.rootPem,
        ...list,
        path: `/mcp?access_token=${token}`,
      })
      assert.equal(answer.status, 401)
    })

    test('ASVS 14.3.2: nothing that a session is answered may be kept', async () => {
      const { token } = await openSession(server, 'alice')
      const authorization = `Bearer ${token}`
      const answers = [
        await send({ authorization }),
        await send({ authorization: `${authorization}x` }),
        await send({ authorization, 'content-type': 'text/plain' }),
      ]
      assert.deepEqual(
        answers.map(({ status, headers }) => [status, headers['cache-control']]),
        [200, 401, 415].map((status) => [status, 'no-store']),
      )
    })

    test('an ended session is nobody', async () => {
      const { token, digest } = await openSession(server, 'alice')
      assert.equal((await send({ authorization: `Bearer ${token}` })).status, 200)
      await server.store.sessions.end(digest, slotOfToken(token) ?? '')
      await refused({ authorization: `Bearer ${token}` }, 'session_invalid')
    })

    test('a user’s sessions all end at once', async () => {
      const tokens = [await openSession(server, 'bob'), await openSession(server, 'bob')]
      await server.store.sessions.endAll('bob')
      for (const { token } of tokens) await refused({ authorization: `Bearer ${token}` }, 'session_invalid')
      const { token } = await openSession(server, 'bob')
      assert.equal((await send({ authorization: `Bearer ${token}` })).status, 200)
    })
  })
