import assert from 'node:assert/strict'
import { constants } from 'node:crypto'
import { test } from 'node:test'
import { tlsOptions, type TlsSettings } from '../../src/http/tls.ts'

const SETTINGS: TlsSettings = {
  material: { certificate: 'the certificate', key: 'the key', authorities: ['root', 'issuing'] },
  clientCertificate: 'required',
  minVersion: 'TLSv1.3',
  unsafeSessionTickets: false,
}

test('a client certificate is required, asked for, or neither', () => {
  const asked = (clientCertificate: TlsSettings['clientCertificate']) => {
    const { requestCert, rejectUnauthorized } = tlsOptions({ ...SETTINGS, clientCertificate })
    return { requestCert, rejectUnauthorized }
  }
  assert.deepEqual(asked('required'), { requestCert: true, rejectUnauthorized: true })
  assert.deepEqual(asked('optional'), { requestCert: true, rejectUnauthorized: false })
  assert.deepEqual(asked('none'), { requestCert: false, rejectUnauthorized: false })
})

test('TLS sessions resume only where that was asked for', () => {
  assert.equal(tlsOptions(SETTINGS).secureOptions, constants.SSL_OP_NO_TICKET)
  assert.equal(tlsOptions({ ...SETTINGS, unsafeSessionTickets: true }).secureOptions, undefined)
})

test('no two listeners share a session context or ticket keys', () => {
  const [one, other] = [tlsOptions(SETTINGS), tlsOptions(SETTINGS)]
  assert.notEqual(one.sessionIdContext, other.sessionIdContext)
  assert.notDeepEqual(one.ticketKeys, other.ticketKeys)
})

test('the rest is pinned: a change of it is a decision', () => {
  const {
    ticketKeys: _,
    sessionIdContext: __,
    ...options
  } = tlsOptions({ ...SETTINGS, minVersion: 'TLSv1.2' })
  assert.deepEqual(options, {
    cert: 'the certificate',
    key: 'the key',
    ca: ['root', 'issuing'],
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ciphers:
      'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:' +
      'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:' +
      'ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    honorCipherOrder: true,
    ecdhCurve: 'X25519MLKEM768:X25519:P-256',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: 10_000,
    secureOptions: constants.SSL_OP_NO_TICKET,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 5_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16_384,
  })
})
