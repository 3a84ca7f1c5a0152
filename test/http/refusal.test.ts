import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordsOf, type EdgeRefusal } from '../../src/http/refusal.ts'

const CREDENTIALS: readonly EdgeRefusal[] = [
  'no_credential',
  'credential_malformed',
  'credential_conflict',
  'certificate_untrusted',
  'certificate_expired',
  'certificate_not_yet_valid',
  'certificate_wrong_usage',
  'certificate_no_principal',
  'certificate_revoked',
  'handshake_failed',
  'session_invalid',
  'session_pending',
  'session_wrong_site',
]

test('whatever is wrong with a credential, the caller learns only that', () => {
  const words = CREDENTIALS.map((reason) => JSON.stringify(wordsOf(reason)))
  assert.equal(new Set(words).size, 1)
  assert.equal(wordsOf('no_credential').status, 401)
  assert.deepEqual(wordsOf('no_credential').headers, { 'www-authenticate': 'Bearer' })
})

test('what we cannot judge is our fault, not the caller’s, and worth another try', () => {
  for (const reason of ['crl_stale', 'store_unavailable', 'audit_unavailable'] as const) {
    assert.equal(wordsOf(reason).status, 503)
    assert.ok(wordsOf(reason).headers?.['retry-after'])
  }
})

test('too much says when to come again', () => {
  assert.equal(wordsOf('rate_limited').status, 429)
  assert.ok(wordsOf('rate_limited').headers?.['retry-after'])
})
