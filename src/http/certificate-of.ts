import type { TLSSocket } from 'node:tls'
import type { PresentedCertificate } from '../auth/authenticator.ts'

/**
 * What TLS proved about the peer of a socket. The only code that believes a socket.
 *
 * Fails closed: verified means `authorized` **and** a certificate in hand, since Node before 24.21 and 26.8.1 says
 * `authorized` of a caller without a certificate on a resumed TLS 1.3 connection. A certificate that is not authorized
 * is untrusted, never none.
 */
export function certificateOf(socket: TLSSocket): PresentedCertificate {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { kind: 'none' }
  if (!socket.authorized) return { kind: 'untrusted', error: String(socket.authorizationError) }
  return { kind: 'verified', certificate }
}
