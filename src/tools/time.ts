import { z } from 'zod'
import { defineTool, textResult, type ToolDefinition } from '../mcp/tool.ts'

/** `time_now`: the server's clock. */
export function timeNow(now: () => number): ToolDefinition {
  return defineTool({
    name: 'time_now',
    title: 'Current time',
    description: 'The current time of the server, in UTC (ISO 8601).',
    inputSchema: z.strictObject({}),
    annotations: { readOnlyHint: true, openWorldHint: false },
    permission: 'time:read',
    run: () => textResult(new Date(now()).toISOString()),
  })
}
