import { createServer } from 'node:http'
import { Agent, request as httpsRequest, type AgentOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A door of plain HTTP on this machine for who cannot present a certificate. */
export interface Forwarder {
  /** `http://localhost:PORT`. */
  readonly origin: string
  /** Where everything goes from now on: a port of this machine, and the certificate to come with. */
  forwardTo(port: number, tls: AgentOptions): void
  close(): Promise<void>
}

/**
 * Forwards to an HTTPS server of this machine with a client certificate. Method, path and headers stay as they are,
 * `Host` and `Origin` too; whoever goes away, the other side is told.
 */
export async function startForwarder(): Promise<Forwarder> {
  let agent = new Agent()
  let port = 0
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    const forwarded = httpsRequest(
      { host: '127.0.0.1', servername: 'localhost', port, method, path: url, headers, agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        response.flushHeaders()
        answer.pipe(response)
        answer.once('error', () => response.destroy())
      },
    )
    forwarded.once('error', () => response.destroy())
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    forwardTo(next, tls) {
      port = next
      agent = new Agent({ keepAlive: true, ...tls })
    },
    close: async () => {
      agent.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
