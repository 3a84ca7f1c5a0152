import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calculateJwkThumbprint, CompactSign, compactVerify, importJWK } from 'jose'
import { identityKeys } from '../../src/auth/identity-keys.ts'

const [NEW, OLD] = ['n'.repeat(32), 'o'.repeat(32)]

test('the newest signs and all of them are published, with nothing but their public parts', async () => {
  const keys = identityKeys([NEW, OLD])
  assert.equal(keys.jwks.keys.length, 2)
  assert.equal(keys.jwks.keys[0]?.kid, keys.keyId)
  assert.equal(keys.jwks.keys[1]?.kid, identityKeys([OLD]).keyId)
  for (const key of keys.jwks.keys)
    assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
})

test('a key is called by its thumbprint, as others compute it', async () => {
  const [key] = identityKeys([NEW]).jwks.keys
  assert.ok(key)
  assert.equal(key.kid, await calculateJwkThumbprint({ ...key }))
})

test('what it signs others verify, and with another key they do not', async () => {
  const keys = identityKeys([NEW])
  const header = Buffer.from('{"alg":"EdDSA"}').toString('base64url')
  const input = `${header}.${Buffer.from('hello').toString('base64url')}`
  const jws = `${input}.${keys.sign(input).toString('base64url')}`
  const { payload } = await compactVerify(jws, await importJWK({ ...keys.jwks.keys[0] }))
  assert.equal(Buffer.from(payload).toString(), 'hello')
  const other = await importJWK({ ...identityKeys([OLD]).jwks.keys[0] })
  await assert.rejects(compactVerify(jws, other), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
  await assert.rejects(new CompactSign(Buffer.from('x')).setProtectedHeader({ alg: 'EdDSA' }).sign(other))
})

test('the same secret is the same key everywhere, and says nothing of the secret', () => {
  const [one, same, other] = [NEW, NEW, OLD].map((secret) => identityKeys([secret]))
  assert.deepEqual(one?.jwks, same?.jwks)
  assert.notEqual(one?.keyId, other?.keyId)
  assert.equal(one?.keyId, '7yLjsbCiHrmPOUDeEjBEiU77RGwbfkomitcipmUZKjo', 'in every version')
  assert.ok(!JSON.stringify(one?.jwks).includes('nnn'))
})

test('without a secret, or with a short one, there are no keys', () => {
  for (const secrets of [[], ['short'], [NEW, 'x'.repeat(31)]])
    assert.throws(() => identityKeys(secrets), { code: 'CONFIGURATION_INVALID' })
})
