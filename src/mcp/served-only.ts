import { isJSONRPCRequest, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import { isServed, type Era } from './methods.ts'

/**
 * Lets a protocol server see messages of those methods alone that are served in its era, whatever else the SDK has a
 * handler for. Other requests are answered as if the method did not exist. Answers of the client go on: they belong to
 * what this server asked.
 *
 * Fails closed: whatever else names another method is dropped, notification or not.
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
      }
    }
  }
  return server
}
