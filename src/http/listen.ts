import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'

/** A listener that can be opened once and closed. */
export interface Listener {
  /** Starts to listen; resolves with the port. Rejects with Node's error (`EADDRINUSE`, ...). */
  listen(): Promise<number>
  /** Stops listening, ends idle connections, and cuts the rest after `graceMs`. Closing what is closed is fine. */
  close(graceMs: number): Promise<void>
}

/** Where to listen. Port 0 is any free port. */
export interface ListenerAddress {
  readonly host: string
  readonly port: number
}

/**
 * Makes the listener of a server.
 *
 * @param onError told of what goes wrong while it listens, which is never a reason to stop
 */
export function listenerOf(
  server: Server | SecureServer,
  address: ListenerAddress,
  onError: (error: unknown) => void,
): Listener {
  // Of a connection without a finished handshake Node's HTTP server knows nothing, so it would not cut it.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    async listen() {
      const port = await listening(server, address)
      server.on('error', onError)
      return port
    },
    async close(graceMs) {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, graceMs)
      await closed
      clearTimeout(timer)
    },
  }
}

async function listening(server: Server | SecureServer, { host, port }: ListenerAddress): Promise<number> {
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

/**
 * Opens all listeners or none; resolves with their ports, in order.
 *
 * @throws AggregateError of what Node says of each that cannot be opened; the others are closed again
 */
export async function openAll(
  listeners: readonly (Listener | undefined)[],
): Promise<readonly (number | undefined)[]> {
  const opened = await Promise.allSettled(listeners.map(async (listener) => listener?.listen()))
  const failures = opened.flatMap((one) => (one.status === 'rejected' ? [asError(one.reason)] : []))
  if (failures.length === 0) return opened.map((one) => (one.status === 'fulfilled' ? one.value : undefined))
  await Promise.all(listeners.map(async (listener) => listener?.close(0)))
  throw new AggregateError(failures, failures.map(({ message }) => message).join('; '))
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
