import assert from 'node:assert/strict'
import type { CallToolResult } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../src/auth/context.ts'
import type { Call, ToolDefinition } from '../../src/mcp/tool.ts'
import { contextOf } from './caller.ts'

/** A call of a principal (`service:demo`), as a tool behind the guard is handed it. */
export function callOf(id: string, more: Partial<AuthContext> = {}): Call {
  return { context: contextOf(id, [], more), requestId: 'request-1', signal: new AbortController().signal }
}

/** Runs a tool with good arguments. */
export async function run(
  tool: ToolDefinition,
  args: Record<string, unknown>,
  call: Call = callOf('service:demo'),
): Promise<CallToolResult> {
  const prepared = await tool.prepare(args)
  assert.ok(prepared.kind === 'ready', JSON.stringify(prepared))
  return prepared.run(call)
}
