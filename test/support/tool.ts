import assert from 'node:assert/strict'
import { isCallToolResult, type CallToolResult } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../src/auth/context.ts'
import type { Call, ToolDefinition } from '../../src/mcp/tool.ts'
import type { CallingClient } from '../../src/mcp/calling-client.ts'
import { contextOf } from './caller.ts'

/** A call of a principal (`service:demo`), as a tool behind the guard is handed it. */
export function callOf(id: string, more: Partial<AuthContext> = {}): Call {
  const { signal } = new AbortController()
  return { context: contextOf(id, [], more), requestId: 'request-1', signal, client: silentClient() }
}

/** A client that asked for nothing and can do nothing. */
export function silentClient(more: Partial<CallingClient> = {}): CallingClient {
  return {
    era: '2026-07-28',
    capabilities: undefined,
    log: () => undefined,
    inputResponses: {},
    ...more,
  }
}

/** Runs a tool with good arguments. */
export async function run(
  tool: ToolDefinition,
  args: Record<string, unknown>,
  call: Call = callOf('service:demo'),
): Promise<CallToolResult> {
  const prepared = await tool.prepare(args)
  assert.ok(prepared.kind === 'ready', JSON.stringify(prepared))
  const result = await prepared.run(call)
  assert.ok(isCallToolResult(result))
  return result
}
