import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type CallToolResult,
  type GetPromptResult,
  type Implementation,
  type ReadResourceResult,
  type Resource,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Catalog } from './catalog.ts'
import type { Caller, CallerCarrier } from './caller.ts'
import { describePrompt, describeTemplate, describeTool } from './describe.ts'
import { deepFreeze } from './freeze.ts'
import type { Asked, Guard, Work } from './guard.ts'
import type { PromptDefinition } from './prompt.ts'
import type { ResourceDefinition } from './resource.ts'
import { errorResult, type Call, type ToolDefinition } from './tool.ts'

/** What {@link protocolServer} needs. */
export interface ProtocolServerOptions {
  readonly catalog: Catalog
  readonly guard: Guard
  readonly carrier: CallerCarrier
  readonly serverInfo: Implementation
  readonly instructions?: string
  /** Told of exceptions outside a guarded call, with the request id, for the operator's log. */
  readonly onException: (requestId: string, error: unknown) => void
  /** Told when the decision on a call could not be recorded, so that the answer becomes 503. */
  readonly onUnavailable: (caller: Caller, error: unknown) => void
}

/** Filtered lists are one caller's own; they may be kept by its client, briefly, and by nobody in between. */
const PRIVATE = { ttlMs: 0, cacheScope: 'private' } as const

/**
 * A protocol server whose every answer goes through the guard. The low-level `Server` of the SDK, since the
 * high-level one answers unknown names itself, and such a call would never be decided or recorded.
 *
 * A name that may not be used and a name that does not exist get the same answer.
 */
export function protocolServer(options: ProtocolServerOptions): Server {
  const server = new Server(options.serverInfo, {
    capabilities: { tools: {}, prompts: {}, resources: {} },
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    cacheHints: {
      'tools/list': PRIVATE,
      'prompts/list': PRIVATE,
      'resources/list': PRIVATE,
      'resources/templates/list': PRIVATE,
      'resources/read': PRIVATE,
    },
  })
  serveTools(server, options)
  servePrompts(server, options)
  serveResources(server, options)
  return server
}

function serveTools(server: Server, options: ProtocolServerOptions): void {
  const { catalog, guard } = options
  server.setRequestHandler('tools/list', (_request, context) => {
    const { caller } = askingOf(options, context)
    const visible = catalog.tools.filter((tool) =>
      guard.sees(caller, askedOf('tool', 'tools/list', tool.name, tool)),
    )
    return { tools: visible.map(describeTool) }
  })
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = catalog.tool(params.name)
    const args = deepFreeze(params.arguments ?? {})
    const asked = askedOf('tool', 'tools/call', params.name, tool)
    const unknown = invalidParams(`Unknown tool: ${params.name}`)
    return guarded(options, context, asked, args, unknown, thrownByTool, async (call) =>
      tool === undefined ? undefined : runTool(tool, args, call),
    )
  })
}

function servePrompts(server: Server, options: ProtocolServerOptions): void {
  const { catalog, guard } = options
  server.setRequestHandler('prompts/list', (_request, context) => {
    const { caller } = askingOf(options, context)
    const visible = catalog.prompts.filter((prompt) =>
      guard.sees(caller, askedOf('prompt', 'prompts/list', prompt.name, prompt)),
    )
    return { prompts: visible.map(describePrompt) }
  })
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const prompt = catalog.prompt(params.name)
    const args = deepFreeze(params.arguments ?? {})
    const asked = askedOf('prompt', 'prompts/get', params.name, prompt)
    const unknown = invalidParams(`Unknown prompt: ${params.name}`)
    return guarded<GetPromptResult>(options, context, asked, args, unknown, internalError, async (call) =>
      prompt === undefined ? undefined : getPrompt(prompt, args, call),
    )
  })
}

function serveResources(server: Server, options: ProtocolServerOptions): void {
  const { catalog, guard } = options
  server.setRequestHandler('resources/list', async (_request, context) => {
    const asking = askingOf(options, context)
    const { caller } = asking
    const visible = catalog.resources.filter((resource) =>
      guard.sees(caller, askedOf('resource', 'resources/list', resource.uriTemplate, resource)),
    )
    try {
      const lists = await Promise.all(visible.map(async (resource) => listed(options, resource, asking)))
      return { resources: lists.flat() }
    } catch (error) {
      options.onException(caller.requestId, error)
      return internalError(caller.requestId)
    }
  })
  server.setRequestHandler('resources/templates/list', (_request, context) => {
    const { caller } = askingOf(options, context)
    const visible = catalog.resources.filter((resource) =>
      guard.sees(caller, askedOf('resource', 'resources/templates/list', resource.uriTemplate, resource)),
    )
    return { resourceTemplates: visible.map(describeTemplate) }
  })
  server.setRequestHandler('resources/read', async ({ params }, context) => {
    const { uri } = params
    const found = catalog.resource(uri)
    const asked = askedOf('resource', 'resources/read', uri, found?.definition)
    const unknown = new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri })
    return guarded<ReadResourceResult>(
      options,
      context,
      asked,
      undefined,
      unknown,
      internalError,
      async (call) =>
        found === undefined ? undefined : work(await found.definition.read(uri, found.variables, call)),
    )
  })
}

/** Who asks, for the guard, and what the handlers behind it are handed. */
interface Asking {
  readonly caller: Caller
  readonly call: Call
}

function askingOf({ carrier }: ProtocolServerOptions, context: ServerContext): Asking {
  const caller = carrier.unwrap(context.http?.authInfo)
  // The SDK aborts a 2025-era request when its client says so, not when its client goes away.
  const signal = AbortSignal.any([context.mcpReq.signal, caller.signal])
  return { caller, call: { context: caller.context, requestId: caller.requestId, signal } }
}

/** One guarded call. `unknown` answers for what is forbidden and for what does not exist; `failed` for what threw. */
async function guarded<Value>(
  options: ProtocolServerOptions,
  context: ServerContext,
  asked: Asked,
  args: unknown,
  unknown: ProtocolError,
  failed: (requestId: string) => Value,
  run: (call: Call) => Promise<Work<Value | ProtocolError> | undefined>,
): Promise<Value> {
  const { caller, call } = askingOf(options, context)
  const { guard } = options
  const result = await guard
    .call<Value | ProtocolError | undefined>(caller, asked, args, async () => (await run(call)) ?? NOTHING)
    .catch((error: unknown) => {
      options.onUnavailable(caller, error)
      return { kind: 'failed' as const }
    })
  if (result.kind === 'failed') return failed(call.requestId)
  if (result.kind === 'denied' || result.value === undefined) throw unknown
  if (result.value instanceof ProtocolError) throw result.value
  return result.value
}

const NOTHING: Work<undefined> = { outcome: 'error', value: undefined }

function work<Value>(value: Value | undefined): Work<Value> | undefined {
  return value === undefined ? undefined : { outcome: 'ok', value }
}

async function runTool(
  tool: ToolDefinition,
  args: Readonly<Record<string, unknown>>,
  call: Call,
): Promise<Work<CallToolResult>> {
  const prepared = await tool.prepare(args)
  if (prepared.kind === 'invalid')
    return {
      outcome: 'invalid_arguments',
      value: errorResult(`Invalid arguments for ${tool.name}: ${prepared.problems.join('; ')}`),
    }
  const value = await prepared.run(call)
  return { outcome: outcomeOf(value, call), value }
}

async function getPrompt(
  prompt: PromptDefinition,
  args: Readonly<Record<string, string>>,
  call: Call,
): Promise<Work<GetPromptResult | ProtocolError> | undefined> {
  const missing = prompt.arguments.find(
    ({ name, required }) => required === true && !Object.hasOwn(args, name),
  )
  if (missing !== undefined) {
    const value = invalidParams(`The prompt ${prompt.name} needs the argument ${missing.name}`)
    return { outcome: 'invalid_arguments', value }
  }
  return work(await prompt.get(args, call))
}

async function listed(
  { guard }: ProtocolServerOptions,
  definition: ResourceDefinition,
  { caller, call }: Asking,
): Promise<readonly Resource[]> {
  const resources = await definition.list(call)
  return resources.filter(({ uri }) =>
    guard.sees(caller, askedOf('resource', 'resources/list', uri, definition)),
  )
}

function outcomeOf(result: CallToolResult, { signal }: Call): Work<unknown>['outcome'] {
  if (signal.aborted) return 'cancelled'
  return result.isError === true ? 'error' : 'ok'
}

function askedOf(
  kind: Asked['kind'],
  action: Asked['action'],
  name: string,
  definition: { readonly permission: Asked['needs'] } | undefined,
): Asked {
  return { kind, action, name, needs: definition?.permission }
}

function thrownByTool(requestId: string): CallToolResult {
  return errorResult(`The tool failed. Ask the operator about request ${requestId}.`)
}

function internalError(requestId: string): never {
  throw new ProtocolError(
    ProtocolErrorCode.InternalError,
    `Internal error. Ask the operator about request ${requestId}.`,
  )
}

function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}
