import { headerValue, type Headers } from './headers.ts'
import { isRecord, type Params } from './message.ts'

/** Knows which arguments of which tool are repeated in `Mcp-Param-*` headers. */
export interface ToolParameters {
  /** Takes the result of a `tools/list`. */
  learn(result: unknown): void
  /** The headers of a call. Of a tool that was never listed there are none: the server then says so. */
  headersOf(call: Params): Headers
}

/** An argument that is repeated in a header. */
export interface Declared {
  readonly path: readonly string[]
  /** What follows `Mcp-Param-`. */
  readonly header: string
}

/** As RFC 9110, section 5.6.2, has it: whatever else a server declares is no header. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Deeper schemas are not searched. */
const DEEPEST = 32

/**
 * Clients of stdio know nothing of headers, so the bridge makes them from what it has seen of the tools' schemas
 * (MCP 2026-07-28, `x-mcp-header`).
 */
export function toolParameters(): ToolParameters {
  const known = new Map<string, readonly Declared[]>()
  return {
    learn(result) {
      const tools =
        isRecord(result) && Array.isArray(result['tools']) ? (result['tools'] as readonly unknown[]) : []
      for (const tool of tools)
        if (isRecord(tool) && typeof tool['name'] === 'string')
          known.set(tool['name'], [...declaredIn(tool['inputSchema'])])
    },
    headersOf({ name, arguments: args }) {
      const declared = (typeof name === 'string' ? known.get(name) : undefined) ?? []
      return Object.fromEntries(
        declared.flatMap(({ path, header }) => {
          const text = textOf(valueAt(args, path))
          return text === undefined ? [] : [[`mcp-param-${header}`, headerValue(text)]]
        }),
      )
    },
  }
}

/** The arguments that a tool's input schema wants repeated. */
export function* declaredIn(schema: unknown, path: readonly string[] = []): Generator<Declared> {
  if (!isRecord(schema) || path.length > DEEPEST) return
  const header = schema['x-mcp-header']
  if (typeof header === 'string' && path.length > 0 && TOKEN.test(header)) yield { path, header }
  const properties = schema['properties']
  if (!isRecord(properties)) return
  for (const [name, inner] of Object.entries(properties)) yield* declaredIn(inner, [...path, name])
}

/** The argument at a path; `undefined` where there is none. */
export function valueAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value
  return isRecord(value) && Object.hasOwn(value, name) ? valueAt(value[name], rest) : undefined
}

/** What is repeated of an argument: strings, booleans and exact numbers; nothing else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  const isExact =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (!Number.isInteger(value) || Number.isSafeInteger(value))
  return isExact ? String(value) : undefined
}
