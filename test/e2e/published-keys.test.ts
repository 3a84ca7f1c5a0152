import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createLocalJWKSet, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose'
import { identityKeys } from '../../src/auth/identity-keys.ts'
import { ask, type Ask } from '../support/clients.ts'
import { startServer, type TestServer } from '../support/server.ts'

const SECRETS = ['n'.repeat(48), 'o'.repeat(48)]
const PATH = '/.well-known/jwks.json'

describe('the public keys of what upstreams are told of who calls', () => {
  let server: TestServer
  let doors: readonly Ask[]
  before(async () => {
    server = await startServer({ identityKeys: identityKeys(SECRETS) })
    const { ports, authority } = server
    const ca = authority.rootPem
    doors = [
      { port: ports.people ?? 0, ca },
      { port: ports.certificates, ca, ...(await authority.client('nobody-in-particular')) },
    ]
  })
  after(() => server.close())

  test('are to be had at both doors, without a login, and may be kept for five minutes', async () => {
    for (const door of doors) {
      const answer = await ask({ ...door, path: PATH, method: 'GET' })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], 'application/jwk-set+json')
      assert.equal(answer.headers['cache-control'], 'public, max-age=300')
      assert.deepEqual(answer.json(), identityKeys(SECRETS).jwks)
      for (const word of [...SECRETS, '"d"']) assert.ok(!answer.body.includes(word.slice(0, 16)), 'no secret')
      const head = await ask({ ...door, path: PATH, method: 'HEAD' })
      assert.deepEqual([head.status, head.body], [200, ''])
    }
  })

  test('are what others verify tokens with, of the newest key and of the one before', async () => {
    const [door] = doors
    assert.ok(door)
    const published = (await ask({ ...door, path: PATH, method: 'GET' })).json() as JSONWebKeySet
    for (const secret of SECRETS) {
      const { keyId, sign } = identityKeys([secret])
      const parts = [{ alg: 'EdDSA', kid: keyId }, { sub: 'service:billing' }].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      const token = [...parts, sign(parts.join('.')).toString('base64url')].join('.')
      const { payload } = await jwtVerify(token, createLocalJWKSet(published))
      assert.equal(payload.sub, 'service:billing')
    }
    const stranger = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32))
    await assert.rejects(jwtVerify(stranger, createLocalJWKSet(published)))
  })

  test('are read and nothing else, and there is nothing beside them', async () => {
    for (const door of doors) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const wrong = await ask({ ...door, path: PATH, method })
        assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET, HEAD'], method)
      }
      for (const path of [
        '/.well-known/',
        '/.well-known/jwks',
        `${PATH}/`,
        '/.well-known/openid-configuration',
      ])
        assert.equal((await ask({ ...door, path, method: 'GET' })).status, 404, path)
    }
  })

  test('are not for who is not admitted, nor by another name of this machine', async () => {
    const [people, certificates] = doors
    assert.ok(people && certificates)
    const { port } = certificates
    await assert.rejects(ask({ port, ca: server.authority.rootPem, path: PATH, method: 'GET' }))
    const other = await ask({ ...people, path: PATH, method: 'GET', headers: { host: 'evil.example' } })
    assert.equal(other.status, 403)
  })
})
