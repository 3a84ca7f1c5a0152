import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request as httpsRequest } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { TestAuthority, TestPair } from './certificates.ts'

/** How a proxy writes down whose certificate it saw. */
export type CertificateHeader = 'client-cert' | 'x-forwarded-client-cert'

/** Writes the value of a header for a certificate, as RFC 9440 or Envoy says. */
export function headerValue(header: CertificateHeader, certificate: X509Certificate): string {
  if (header === 'client-cert') return `:${certificate.raw.toString('base64')}:`
  const hash = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  const cert = encodeURIComponent(certificate.toString())
  const names = (certificate.subjectAltName?.split(', ') ?? []).map((name) => name.replace(':', '='))
  const subject = 'Subject="CN=x,O=\\"y\\""'
  return ['By=spiffe://proxy.example/edge', `Hash=${hash}`, `Cert="${cert}"`, subject, ...names].join(';')
}

/** A reverse proxy in this process that ends TLS, asks for client certificates, and forwards over mTLS. */
export interface TlsProxy {
  readonly port: number
  /** How many connections to the server it has opened. */
  opened(): number
  close(): void
}

export interface TlsProxyOptions {
  readonly authority: TestAuthority
  /** Who the proxy is. */
  readonly pair: TestPair
  /** The port of the server's door. */
  readonly to: number
  readonly header: CertificateHeader
  /** Most connections to the server at once. */
  readonly connections?: number
}

/** Starts a proxy. Like a careful one, it takes the header out of what clients send; it believes any certificate. */
export async function startProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const { authority, pair, to, header, connections = 1 } = options
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca: authority.rootPem, ...pair })
  const opened = new Set<unknown>()
  const { cert, key } = authority.server
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (asked, answer) => {
      forward(asked, answer)
    },
  )
  function forward(asked: IncomingMessage, answer: ServerResponse): void {
    const { [header]: _, connection: __, ...headers } = asked.headers
    const client = asked.socket instanceof TLSSocket ? asked.socket.getPeerX509Certificate() : undefined
    const onward = httpsRequest({
      agent,
      host: '127.0.0.1',
      servername: 'localhost',
      port: to,
      method: asked.method,
      path: asked.url,
      headers: { ...headers, ...(client === undefined ? {} : { [header]: headerValue(header, client) }) },
    })
    onward.on('socket', (socket) => opened.add(socket))
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      answer.flushHeaders()
      response.on('error', () => answer.destroy())
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    asked.pipe(onward)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    opened: () => opened.size,
    close() {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}
