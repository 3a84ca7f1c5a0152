import {
  McpServer,
  Server,
  type AuthInfo,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { InProcessConnect, InProcessPipe } from './options.ts'

/**
 * What can be protected: an `McpServer` or a `Server` of the MCP SDK, of `@modelcontextprotocol/server` (2.x, both eras)
 * or of `@modelcontextprotocol/sdk` (1.x, and what else has these two methods; up to MCP 2025-11-25).
 */
export interface ProtectableServer {
  connect(transport: Transport): Promise<void>
  close(): Promise<void>
}

/** Makes one server for each connection. */
export type ServerFactory = () => ProtectableServer | Promise<ProtectableServer>

/** Connects pipes to the servers that the function makes. Rejects with what it, or the server, throws. */
export function inProcessConnect(servers: ServerFactory): InProcessConnect {
  return async (pipe) => {
    const server = await servers()
    const transport = pipeTransport(pipe)
    if (isSecondLine(server)) return servingBothEras(server, servers, transport)
    await server.connect(transport.transport)
  }
}

/** A pipe as a transport of the SDKs, and who sent a message that came through it. */
interface PipeTransport {
  readonly transport: Transport
  readonly senderOf: (message: object) => AuthInfo | undefined
}

function pipeTransport(pipe: InProcessPipe): PipeTransport {
  const senders = new WeakMap<object, AuthInfo>()
  let isOpen = true
  const transport: Transport = {
    async start() {},
    async send(message, options) {
      if (!isOpen) throw new Error('the connection is closed')
      pipe.send(asSent(message), options?.relatedRequestId)
    },
    async close() {
      if (!isOpen) return
      isOpen = false
      pipe.close()
      transport.onclose?.()
    },
  }
  pipe.onMessage = (sent, authInfo) => {
    const message = asSent(sent)
    if (!isOpen || !isMessage(message)) return
    if (!isAuthInfo(authInfo)) return transport.onmessage?.(message)
    senders.set(message, authInfo)
    transport.onmessage?.(message, { authInfo })
  }
  pipe.onClose = () => {
    if (!isOpen) return
    isOpen = false
    transport.onclose?.()
  }
  return { transport, senderOf: (message) => senders.get(message) }
}

/** As it would come out of any other wire: plain JSON, and nobody else's to change. */
function asSent(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message))
}

type SecondLine = McpServer | Server

function isSecondLine(server: ProtectableServer): server is SecondLine {
  return server instanceof McpServer || server instanceof Server
}

/**
 * Lets the first message decide the era, as the SDK does it for connections that are no HTTP. It has another server made
 * where a client asks what it can do before it falls back to 2025-11-25.
 */
function servingBothEras(
  first: SecondLine,
  servers: ServerFactory,
  { transport, senderOf }: PipeTransport,
): void {
  let next: SecondLine | undefined = first
  serveStdio(
    async () => {
      const server = next ?? (await servers())
      next = undefined
      if (!isSecondLine(server))
        throw new TypeError('the function made a server of another SDK the second time')
      return toldOfSenders(server, senderOf)
    },
    { transport },
  )
}

/** `serveStdio` hands on messages without their senders, there being one on stdio; here they are put back. */
function toldOfSenders(server: SecondLine, senderOf: PipeTransport['senderOf']): SecondLine {
  const connect = server.connect.bind(server)
  server.connect = async (channel) => {
    Reflect.deleteProperty(server, 'connect')
    await connect(channel)
    const { onmessage } = channel
    const told: Transport['onmessage'] = (message, extra) => {
      const authInfo = senderOf(message)
      onmessage?.(message, authInfo === undefined ? extra : { ...extra, authInfo })
    }
    Object.assign(channel, { onmessage: told })
  }
  return server
}

/** The other end of the pipe is our own, which speaks JSON-RPC. */
function isMessage(message: unknown): message is JSONRPCMessage {
  return typeof message === 'object' && message !== null
}

function isAuthInfo(value: unknown): value is AuthInfo {
  return typeof value === 'object' && value !== null && 'clientId' in value
}
