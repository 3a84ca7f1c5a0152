import {
  ProtocolError,
  type CallToolResult,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { parameterMismatch } from '../wire/parameter-mismatch.ts'
import { deepFreeze } from './freeze.ts'
import type { Work } from './asked.ts'
import { invalidParams } from './guard-errors.ts'
import { askedOf, callerOf, askableCall } from './guarded-call.ts'
import { nextOf, pageOf } from './page.ts'
import type { Serving } from './serving.ts'
import { errorResult, type Call, type Returned, type ToolDefinition } from './tool.ts'

/** Answers `tools/list` and `tools/call`. */
export function serveTools(server: Server, serving: Serving): void {
  const { catalog, visible } = serving
  server.setRequestHandler('tools/list', ({ params }, context) => {
    const page = pageOf(visible.tools(callerOf(serving, context)), ({ name }) => name, params?.cursor)
    return { tools: page.entries, ...nextOf(page) }
  })
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = catalog.current().tool(params.name)
    const args = deepFreeze(params.arguments ?? {})
    return askableCall<CallToolResult>(serving, context, {
      asked: askedOf('tool', 'tools/call', params.name, tool),
      args,
      unknown: () => invalidParams(`Unknown tool: ${params.name}`),
      failed: thrownByTool,
      told: errorResult,
      undeliverable: ({ message }) => errorResult(message),
      async run(call) {
        if (tool === undefined) return undefined
        const mismatch = mismatchIn(serving, context, tool, args)
        return mismatch === undefined
          ? runTool(tool, args, call)
          : { outcome: 'invalid_arguments', value: mismatch }
      },
    })
  })
}

/** MCP 2026-07-28, Streamable HTTP: `HeaderMismatch`. */
const HEADER_MISMATCH = -32_020

/** Told to none but who may call the tool: what is wrong with the headers that repeat arguments. */
function mismatchIn(
  { session, carrier, repeatedOf, onHeaderMismatch }: Serving,
  { http }: ServerContext,
  tool: ToolDefinition,
  args: Readonly<Record<string, unknown>>,
): ProtocolError | undefined {
  if (session !== undefined) return undefined
  const why = parameterMismatch(repeatedOf(tool), args, (name) => http?.req?.headers.get(name) ?? null)
  if (why === undefined) return undefined
  onHeaderMismatch(carrier.unwrap(http?.authInfo))
  return new ProtocolError(HEADER_MISMATCH, `Bad Request: ${why}`)
}

async function runTool(
  tool: ToolDefinition,
  args: Readonly<Record<string, unknown>>,
  call: Call,
): Promise<Work<Returned<CallToolResult>>> {
  const prepared = await tool.prepare(args)
  if (prepared.kind === 'invalid')
    return {
      outcome: 'invalid_arguments',
      value: errorResult(`Invalid arguments for ${tool.name}: ${prepared.problems.join('; ')}`),
    }
  const value = await prepared.run(call)
  return { outcome: outcomeOf(value, call), value }
}

function outcomeOf(result: Returned<CallToolResult>, { signal }: Call): Work<unknown>['outcome'] {
  if (signal.aborted) return 'cancelled'
  return 'isError' in result && result.isError === true ? 'error' : 'ok'
}

function thrownByTool(requestId: string): CallToolResult {
  return errorResult(`The tool failed. Ask the operator about request ${requestId}.`)
}
