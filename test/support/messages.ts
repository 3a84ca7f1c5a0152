import type { RawBridge } from './bridge.ts'
import { INITIALIZE } from './clients.ts'

/** `_meta` of a request of MCP 2026-07-28. */
export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
} as const

/** A call of MCP 2026-07-28. */
export function modernCall(id: number | string, name: string, args: object = {}): object {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, _meta: MODERN_META } }
}

/** Opens a session of MCP 2025-11-25 through a bridge. */
export async function initialized(bridge: RawBridge, capabilities: object = {}): Promise<void> {
  bridge.say({ jsonrpc: '2.0', id: 'init', method: 'initialize', params: { ...INITIALIZE, capabilities } })
  await bridge.heard(({ id }) => id === 'init')
  bridge.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
}
