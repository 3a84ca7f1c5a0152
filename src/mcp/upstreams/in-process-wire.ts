import type { InProcessConnect, InProcessPipe } from './options.ts'
import type { Hearing, OpenWire } from './peer-wire.ts'

/** What the two ends of a pipe of this process are made of. */
interface Ends {
  /** What the server has. */
  readonly server: InProcessPipe
  readonly open: OpenWire
}

/**
 * Connects a server in this process.
 *
 * @throws what connecting throws
 */
export async function inProcessWire(connect: InProcessConnect): Promise<OpenWire> {
  const { server, open } = pipe()
  await connect(server)
  return open
}

/** Each message is delivered in a turn of its own, as on any other wire; what comes before the wire is open is dropped. */
function pipe(): Ends {
  const ended = Promise.withResolvers<string>()
  const hearings = new Map<number, Hearing>()
  let hear: (message: unknown) => void = () => undefined
  let isOpen = true
  const end = (why: string): void => {
    isOpen = false
    ended.resolve(why)
  }
  const server: InProcessPipe = {
    send(message, related) {
      queueMicrotask(() => {
        if (!isOpen) return
        // What is said of a call that is over is nobody's.
        if (related === undefined) hear(message)
        else if (typeof related === 'number') hearings.get(related)?.heard(message, 0)
      })
    },
    onMessage: () => undefined,
    onClose: () => undefined,
    close() {
      end('the server has closed the connection')
    },
  }
  const deliver = (message: object, authInfo: unknown): void =>
    queueMicrotask(() => {
      try {
        if (isOpen) server.onMessage({ jsonrpc: '2.0', ...message }, authInfo)
      } catch {
        end('the server has thrown')
      }
    })
  return {
    server,
    open: (events) => {
      hear = (message) => events.heard(message, 0)
      return {
        hasStreams: false,
        send({ id, method, params, authInfo }, hearing) {
          hearings.set(id, hearing)
          deliver({ id, method, params }, authInfo)
          return () => hearings.delete(id)
        },
        async tell(message) {
          deliver(message, undefined)
          return isOpen
        },
        closed: ended.promise,
        async close() {
          if (!isOpen) return
          end('it was closed')
          server.onClose()
        },
      }
    },
  }
}
