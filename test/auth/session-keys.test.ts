import assert from 'node:assert/strict'
import { hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { isSallyportError } from '../../src/errors.ts'

const NEW = 'the-newest-secret-0123456789abcdef'
const OLD = 'an-older-secret-00123456789abcdef0'

const refusal = (message: RegExp) => (error: unknown) =>
  isSallyportError(error, 'CONFIGURATION_INVALID') && message.test(error.message)

test('no secret and a short one are refused, wherever it stands, and the secret is not repeated', () => {
  assert.throws(() => sessionKeys([]), refusal(/there is no session secret/))
  assert.throws(() => sessionKeys(['']), refusal(/shorter than 32/))
  assert.throws(
    () => sessionKeys([NEW, 'short-and-secret']),
    refusal(/^(?!.*short-and-secret).*shorter than 32/),
  )
  assert.throws(() => sessionKeys(['x'.repeat(31)]), refusal(/shorter than 32/))
  assert.ok(sessionKeys(['x'.repeat(32)]))
})

test('every purpose has keys of its own, the newest first', () => {
  const keys = sessionKeys([NEW, OLD])
  const hex = [
    ...keys.cookie.map((key) => Buffer.from(key, 'base64url').toString('hex')),
    ...keys.seal.map((key) => key.export().toString('hex')),
    ...keys.csrf.map((key) => key.export().toString('hex')),
    ...keys.challenge.map((key) => key.export().toString('hex')),
    ...keys.confirmation.map((key) => key.export().toString('hex')),
    ...keys.confirmationSeal.map((key) => key.export().toString('hex')),
    ...keys.requestState.map((key) => key.export().toString('hex')),
  ]
  assert.equal(new Set(hex).size, 14)
  assert.ok(hex.every((key) => key.length === 64))
  assert.ok(keys.seal[0].equals(sessionKeys([NEW]).seal[0]))
  assert.ok(keys.seal[1]?.equals(sessionKeys([OLD]).seal[0]))
})

test('the derivation is HKDF-SHA256 under a fixed label: keys of yesterday are those of today', () => {
  const expected = Buffer.from(hkdfSync('sha256', NEW, '', 'sallyport record v1', 32))
  assert.deepEqual(sessionKeys([NEW]).seal[0].export(), expected)
})
