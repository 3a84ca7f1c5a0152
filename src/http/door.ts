import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AuditSink } from '../audit/event.ts'
import { listenerOf, type Listener, type ListenerAddress } from './listen.ts'
import { tlsOptions, type TlsMaterial, type TlsSettings } from './tls.ts'
import { tlsRefusalOf } from './tls-refusal.ts'

/** One door: an address with a TLS setting. */
export interface Door extends Listener {
  /**
   * Takes another certificate, key and authorities for connections to come; open ones stay as they are, and no TLS
   * session of before resumes.
   *
   * @throws what is wrong with material that OpenSSL does not take; then everything stays
   */
  setMaterial(material: TlsMaterial): void
  /**
   * Calls `judge` for every open connection and destroys those for which it answers false, or not at all. TLS sessions
   * of before do not resume: whoever comes anew shows its certificate anew.
   */
  readmit(judge: (socket: TLSSocket) => boolean): void
}

/** What {@link createDoor} takes. */
export interface DoorOptions extends ListenerAddress {
  readonly tls: TlsSettings
  readonly handler: RequestListener
  readonly audit: AuditSink
  /** Told of every handshake that succeeded; returns what is to be called when that connection is closed. */
  readonly onConnected: () => () => void
  readonly newRequestId: () => string
  /** Told of what should not happen, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
}

/** Makes a door. What TLS itself refuses is recorded here: there is no request that could be answered. */
export function createDoor(options: DoorOptions): Door {
  const server = createServer(tlsOptions(options.tls), options.handler)
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    const onClosed = options.onConnected()
    socket.once('close', () => {
      sockets.delete(socket)
      onClosed()
    })
  })
  recordRefusedHandshakes(server, options)
  return {
    ...listenerOf(server, options, (error) => options.onException(undefined, error)),
    setMaterial(material) {
      refuseMismatch(material)
      // Options that are left out would not be kept but fall back to Node's own, such as its public roots.
      server.setSecureContext(tlsOptions({ ...options.tls, material }))
    },
    readmit(judge) {
      server.setTicketKeys(randomBytes(48))
      for (const socket of sockets) if (!isAdmitted(socket, judge, options)) socket.destroy()
    },
  }
}

/** OpenSSL takes material without a key, and then shakes hands with nobody. */
function refuseMismatch({ certificate, key }: TlsMaterial): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
    throw new TypeError('the key is not that of the certificate')
}

/** Fails closed: who cannot be judged is not admitted, and all others are judged all the same. */
function isAdmitted(
  socket: TLSSocket,
  judge: (socket: TLSSocket) => boolean,
  { onException }: DoorOptions,
): boolean {
  try {
    return judge(socket)
  } catch (error) {
    onException(undefined, error)
    return false
  }
}

/** A refused handshake has no address any more, so it is noted when the connection comes in. */
function recordRefusedHandshakes(server: Server, options: DoorOptions): void {
  const { audit, onException, newRequestId } = options
  const addresses = new WeakMap<object, string>()
  server.on('connection', (socket: Socket) => {
    addresses.set(socket, socket.remoteAddress ?? '')
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const { reason, detail } = tlsRefusalOf(error, socket)
    const address = addressOf(socket, addresses)
    const requestId = newRequestId()
    audit
      .record({ event: 'request.refused', requestId, layer: 'tls', reason, detail, address })
      .catch((failure: unknown) => onException(requestId, failure))
  })
}

function addressOf(socket: TLSSocket, addresses: WeakMap<object, string>): string {
  // Node keeps the plain socket as `_parent`; it is only a key to what was noted.
  const parent: unknown = Reflect.get(socket, '_parent')
  const noted = typeof parent === 'object' && parent !== null ? addresses.get(parent) : undefined
  return noted ?? socket.remoteAddress ?? ''
}
