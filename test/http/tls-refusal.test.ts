import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { tlsRefusalOf } from '../../src/http/tls-refusal.ts'

/** A socket as Node leaves it after a handshake whose certificate had this problem. */
function socketWith(authorizationError: unknown): TLSSocket {
  const socket = new TLSSocket(new Socket())
  Reflect.set(socket, 'authorizationError', authorizationError)
  return socket
}

const refusal = (code: string | undefined, problem: unknown = null) =>
  tlsRefusalOf(Object.assign(new Error('a secret that the peer chose'), { code }), socketWith(problem))

test('what OpenSSL says of the certificate is the reason, whatever the error says', () => {
  const reasons = {
    CERT_HAS_EXPIRED: 'certificate_expired',
    CERT_NOT_YET_VALID: 'certificate_not_yet_valid',
    INVALID_PURPOSE: 'certificate_wrong_usage',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_untrusted',
    SELF_SIGNED_CERT_IN_CHAIN: 'certificate_untrusted',
    CERT_SIGNATURE_FAILURE: 'certificate_untrusted',
  }
  for (const [code, reason] of Object.entries(reasons)) {
    assert.deepEqual(refusal('ECONNRESET', code), { reason, detail: code })
    assert.deepEqual(refusal('ECONNRESET', Object.assign(new Error('x'), { code })), { reason, detail: code })
  }
})

test('a peer without a certificate has no credential', () => {
  const code = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'
  assert.deepEqual(refusal(code), { reason: 'no_credential', detail: code })
})

test('what is not about a certificate is a failed handshake', () => {
  for (const code of [
    'ECONNRESET',
    'ERR_SSL_HTTP_REQUEST',
    'ERR_TLS_HANDSHAKE_TIMEOUT',
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
  ])
    assert.deepEqual(refusal(code), { reason: 'handshake_failed', detail: code })
})

test('what is no code is not repeated', () => {
  for (const code of [undefined, '', 'a secret', 'lower', 'X'.repeat(81), 'A\nB'])
    assert.deepEqual(refusal(code), { reason: 'handshake_failed', detail: 'UNKNOWN' })
  for (const problem of ['a secret', new Error('a secret'), {}, 5])
    assert.deepEqual(refusal('lower', problem), { reason: 'certificate_untrusted', detail: 'UNKNOWN' })
})
