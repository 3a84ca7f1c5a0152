import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ask, modern, type Answer } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

const POLICY = `version: 1
rules: []
roles:
  reader: [ "notes:read" ]
  admin: { permissions: [ "*" ], mfa: required }
grants:
  - { user: alice, roles: [ admin ] }
  - { user: bob, roles: [ reader ] }
  - { service: admin-cli, roles: [ admin ] }
  - { agent: alice, roles: [ admin ] }
`

let server: TestServer
before(async () => {
  server = await startServer()
  server.setPolicy(policyOf(POLICY))
})
after(async () => server.close())

const PROVED = { mfaAt: Date.now(), authenticationMethods: ['password', 'totp'] } as const
const list = modern('tools/list')

async function send(
  door: 'certificates' | 'people',
  { token, pair = {} }: { token?: string; pair?: object },
): Promise<Answer> {
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return ask({
    port: server.ports[door] ?? 0,
    ca: server.authority.rootPem,
    ...pair,
    ...list,
    headers: { ...list.headers, ...bearer },
  })
}

async function assertAsked(answer: Answer): Promise<void> {
  assert.equal(answer.status, 401, answer.body)
  const { error, requestId } = answer.json() as { error: string; requestId: string }
  assert.equal(error, 'unauthenticated')
  const event = await server.event('request.refused', (one) => one.requestId === requestId)
  assert.equal(event.reason, 'second_factor_required')
}

test('ASVS 6.3.3: on the door for people, a session without a second factor is refused where a role asks for one', async () => {
  await assertAsked(await send('people', await openSession(server, 'alice')))
  assert.equal((await send('people', await openSession(server, 'alice', PROVED))).status, 200)
  assert.equal((await send('people', await openSession(server, 'bob'))).status, 200)
})

test('ASVS 6.3.3: on the door for certificates, the certificate of a person alone is one factor', async () => {
  const pair = await server.authority.client('alice', 'good', 'user')
  await assertAsked(await send('certificates', { pair }))
  const { token } = await openSession(server, 'alice')
  await assertAsked(await send('certificates', { pair, token }))
})

test('a certificate and a session of the same person with a second factor are good together', async () => {
  const pair = await server.authority.client('alice', 'good', 'user')
  const { token } = await openSession(server, 'alice', PROVED)
  assert.equal((await send('certificates', { pair, token })).status, 200)
  const { token: bobs } = await openSession(server, 'bob', PROVED)
  assert.equal((await send('certificates', { pair, token: bobs })).status, 401)
})

test('services and agents with the same role are not asked', async () => {
  for (const [name, kind] of [
    ['admin-cli', 'service'],
    ['alice', 'agent'],
  ] as const) {
    const pair = await server.authority.client(name, 'good', kind)
    assert.equal((await send('certificates', { pair })).status, 200, kind)
  }
})

test('a role that comes to ask for a second factor takes effect on the next request', async (t) => {
  t.after(() => server.setPolicy(policyOf(POLICY)))
  const { token } = await openSession(server, 'bob')
  assert.equal((await send('people', { token })).status, 200)
  server.setPolicy(policyOf(POLICY.replace('bob, roles: [ reader ]', 'bob, roles: [ reader, admin ]')))
  await assertAsked(await send('people', { token }))
})
