import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'

/** A listener that can be opened once and closed. */
export interface Listener {
  /** Starts to listen; resolves with the port. Rejects with Node's error (`EADDRINUSE`, ...). */
  listen(): Promise<number>
  /** Stops listening, ends idle connections, and cuts the rest after `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** Where to listen. Port 0 is any free port. */
export interface ListenerAddress {
  readonly host: string
  readonly port: number
}

/** Starts to listen; resolves with the port. Rejects with Node's error (`EADDRINUSE`, ...). */
export async function listenOn(
  server: Server | SecureServer,
  { host, port }: ListenerAddress,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the listener has no port')
  return address.port
}

/** Stops listening, ends idle connections, and cuts the rest after `graceMs`. Closing what is closed is fine. */
export async function closeServer(server: Server | SecureServer, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
