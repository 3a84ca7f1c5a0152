import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  ProtocolErrorCode,
  type Server,
} from '@modelcontextprotocol/server'
import { isServed, type Era } from './methods.ts'

/**
 * Lets a protocol server see messages of those methods alone that are served in its era, whatever else the SDK has a
 * handler for. Other requests are answered as if the method did not exist, other notifications are dropped. Answers of
 * the client go on: they belong to what this server asked.
 */
export function servedOnly(server: Server, era: Era): Server {
  const connect = server.connect.bind(server)
  server.connect = async (transport) => {
    await connect(transport)
    const deliver = transport.onmessage
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport of the SDK is no EventTarget
    transport.onmessage = (message, extra) => {
      if (!('method' in message) || isServed(message.method, era)) deliver?.(message, extra)
      else if (isJSONRPCRequest(message)) {
        const error = { code: ProtocolErrorCode.MethodNotFound, message: 'Method not found' }
        void transport.send({ jsonrpc: '2.0', id: message.id, error }).catch(() => undefined)
      } else if (!isJSONRPCNotification(message)) deliver?.(message, extra)
    }
  }
  return server
}
