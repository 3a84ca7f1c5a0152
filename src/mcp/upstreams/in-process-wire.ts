import type { InProcessConnect, InProcessPipe } from './options.ts'
import type { OpenWire } from './peer-wire.ts'

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
  let hear: (message: unknown) => void = () => undefined
  let isOpen = true
  const end = (why: string): void => {
    isOpen = false
    ended.resolve(why)
  }
  const server: InProcessPipe = {
    send(message) {
      queueMicrotask(() => {
        if (isOpen) hear(message)
      })
    },
    onMessage: () => undefined,
    onClose: () => undefined,
    async close() {
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
        send({ id, method, params, authInfo }) {
          deliver({ id, method, params }, authInfo)
          return () => undefined
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
