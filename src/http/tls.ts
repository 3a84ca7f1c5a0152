import { constants, randomBytes } from 'node:crypto'
import type { ServerOptions } from 'node:https'

/** Whether a door asks for a client certificate. `optional`: one port for both kinds of callers, opt-in. */
export type ClientCertificate = 'required' | 'none' | 'optional'

/** The server's own certificate and key, and the CAs whose client certificates TLS accepts; PEM. */
export interface TlsMaterial {
  readonly certificate: string
  readonly key: string
  /** Roots and issuing CAs. */
  readonly authorities: readonly string[]
}

/** What {@link tlsOptions} takes. */
export interface TlsSettings {
  readonly material: TlsMaterial
  readonly clientCertificate: ClientCertificate
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Lets TLS sessions resume, which skips every check of the certificate but our own admission. */
  readonly unsafeSessionTickets: boolean
}

/**
 * With forward secrecy and authenticated text alone, the strongest first (ASVS 5.0, 12.1.2; RFC 9325, 4.2): what Node
 * has of its own would let TLS 1.2 do without either.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')

/** A silent or slow peer is cut off after this long in the handshake, in ms. */
const HANDSHAKE_TIMEOUT = 10_000

/**
 * The TLS side of one listener. Revocation lists are not given to TLS: admission checks them, on every connection and
 * again when they change, which TLS does not.
 *
 * Every listener has a session context and ticket keys of its own, so that no TLS session of one resumes on another.
 */
export function tlsOptions(settings: TlsSettings): ServerOptions {
  const { material, clientCertificate, minVersion, unsafeSessionTickets } = settings
  return {
    cert: material.certificate,
    key: material.key,
    ca: [...material.authorities],
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'required',
    minVersion,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ecdhCurve: 'X25519MLKEM768:X25519:P-256',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    sessionIdContext: randomBytes(16).toString('hex'),
    ticketKeys: randomBytes(48),
    ...(unsafeSessionTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    // How often Node looks whether those two are over; only every 30 s unless told.
    connectionsCheckingInterval: 5_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16 * 1024,
  }
}
