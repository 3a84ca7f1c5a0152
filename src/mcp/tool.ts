import type {
  CallToolResult,
  Icon,
  InputRequiredResult,
  ProtocolError,
  StandardSchemaV1,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import type { Permission } from '../access/permission.ts'
import type { AuthContext } from '../auth/context.ts'
import type { TraceContext } from './caller.ts'
import type { CallingClient } from './calling-client.ts'

/** What a tool, prompt or resource needs: a permission, or only that the caller is known. */
export type Needs = Permission | 'authenticated'

/**
 * What a handler comes to: a result, a request for more input, or an error of JSON-RPC, whose words it chose for the
 * caller to read. What it throws instead reaches the audit trail alone.
 */
export type Returned<Result> = Result | InputRequiredResult | ProtocolError

/** Who calls, and how to stop: what every handler behind the guard is handed. */
export interface Call {
  readonly context: AuthContext
  /** Correlation id of the request, as in the audit trail. */
  readonly requestId: string
  /** Aborted when the caller goes away or cancels. */
  readonly signal: AbortSignal
  /** W3C Trace Context of the request, to be handed on; absent where there is none. */
  readonly trace?: TraceContext
  /** The client of this call, to be told and asked while it runs. */
  readonly client: CallingClient
}

/** Arguments that were checked and can be run, or what is wrong with them: a few problems, however many there are. */
export type Prepared =
  | { readonly kind: 'ready'; readonly run: (call: Call) => Promise<Returned<CallToolResult>> }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }

/** A tool as the catalog holds it. Made by {@link defineTool}. */
export interface ToolDefinition {
  readonly name: string
  readonly title: string | undefined
  readonly description: string
  /** JSON Schema 2020-12 of the arguments, an object. */
  readonly inputSchema: { readonly type: 'object'; readonly [key: string]: unknown }
  /** JSON Schema 2020-12 of `structuredContent`. */
  readonly outputSchema?: { readonly type: 'object'; readonly [key: string]: unknown }
  readonly annotations: ToolAnnotations | undefined
  readonly icons?: readonly Icon[]
  readonly permission: Needs
  /** The MCP server behind this one that it is of; absent for what is our own. */
  readonly upstream?: string
  /** Checks arguments without changing them: nothing is defaulted, coerced or stripped. */
  prepare(args: Readonly<Record<string, unknown>>): Promise<Prepared>
}

/** What {@link defineTool} takes. */
export interface ToolOptions<Schema extends StandardSchemaWithJSON> {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ - .` (MCP 2026-07-28, tools). */
  readonly name: string
  readonly title?: string
  readonly description: string
  /** A zod object (zod 4), or JSON Schema through `fromJsonSchema` of the MCP SDK. */
  readonly inputSchema: Schema
  readonly annotations?: ToolAnnotations
  /** Required: a tool without a permission cannot be written. */
  readonly permission: Needs
  /**
   * Does the work. Receives the very arguments that were decided on, frozen: its type is the *input* of the schema.
   * What it throws reaches the audit trail, never the caller.
   */
  run(
    args: StandardSchemaV1.InferInput<Schema>,
    call: Call,
  ): Returned<CallToolResult> | Promise<Returned<CallToolResult>>
}

/** Makes a tool. Its JSON Schema is derived and its validator bound once, here. */
export function defineTool<Schema extends StandardSchemaWithJSON>(
  options: ToolOptions<Schema>,
): ToolDefinition {
  const standard = options.inputSchema['~standard']
  return Object.freeze({
    name: options.name,
    title: options.title,
    description: options.description,
    inputSchema: { ...standard.jsonSchema.input({ target: 'draft-2020-12' }), type: 'object' as const },
    annotations: options.annotations,
    permission: options.permission,
    async prepare(args: Readonly<Record<string, unknown>>): Promise<Prepared> {
      const problems = await problemsOf(options.inputSchema, args)
      if (!isAccepted<Schema>(args, problems)) return { kind: 'invalid', problems }
      return { kind: 'ready', run: async (call) => options.run(args, call) }
    },
  })
}

/** What is wrong with arguments is told in so many problems, each cut to so many characters. */
const MOST_PROBLEMS = 10
const LONGEST_PROBLEM = 256

async function problemsOf(schema: StandardSchemaWithJSON, args: unknown): Promise<readonly string[]> {
  const { issues = [] } = await schema['~standard'].validate(args)
  return issues.slice(0, MOST_PROBLEMS).map(({ path, message }) => {
    const where = path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.') ?? ''
    return (where === '' ? message : `${where}: ${message}`).slice(0, LONGEST_PROBLEM)
  })
}

/** The one place that believes the validator: no problem means that the value is an input of the schema. */
function isAccepted<Schema extends StandardSchemaWithJSON>(
  _args: unknown,
  problems: readonly string[],
): _args is StandardSchemaV1.InferInput<Schema> {
  return problems.length === 0
}

/** A result of one text, the commonest there is. */
export function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] }
}

/** A result that tells the caller what went wrong, in words that the tool chose. */
export function errorResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true }
}
