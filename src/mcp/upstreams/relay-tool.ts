import type { CallToolResult, Icon, ToolAnnotations } from '@modelcontextprotocol/server'
import { toolParameters } from '../../wire/parameters.ts'
import { isRecord } from '../record.ts'
import { errorResult, type Needs, type ToolDefinition } from '../tool.ts'
import type { Definition } from './definition.ts'
import { relayCall } from './relay-call.ts'
import type { RelayLink } from './relay-link.ts'
import { annotationsIn, iconsIn, textIn } from './relay-members.ts'
import { toolResultOf } from './relay-result.ts'
import { withUrisOfTool } from './upstream-uri.ts'

/** What a definition is called here, and what it needs. */
export interface OwnName {
  readonly name: string
  readonly permission: Needs
}

/**
 * A tool of an upstream. Its arguments are checked there and nowhere else: nothing is compiled from a stranger's schema.
 *
 * @returns `undefined` for what is no definition of a tool
 */
export function relayTool(
  link: RelayLink,
  { name: own, value }: Definition,
  { name, permission }: OwnName,
): ToolDefinition | undefined {
  const { inputSchema, outputSchema } = value
  if (!isObjectSchema(inputSchema)) return undefined
  const { title, description } = { ...value, ...link.options.overrides[own] }
  const parameters = toolParameters()
  parameters.learn({ tools: [{ name: own, inputSchema }] })
  const icons: readonly Icon[] = iconsIn(value)
  return Object.freeze({
    name,
    title: textIn(title),
    description: textIn(description) ?? '',
    inputSchema,
    ...(isObjectSchema(outputSchema) ? { outputSchema } : {}),
    annotations: annotationsIn(value) satisfies ToolAnnotations | undefined,
    ...(icons.length === 0 ? {} : { icons }),
    permission,
    upstream: link.options.name,
    async prepare(args: Readonly<Record<string, unknown>>) {
      const params = { name: own, arguments: args }
      return {
        kind: 'ready' as const,
        run: async (call) =>
          relayCall<CallToolResult>(link, call, {
            method: 'tools/call',
            name: own,
            params,
            headers: parameters.headersOf(params),
            repeatable: false,
            resultOf: (result) => toolResultOf(withUrisOfTool(result, link.uris)),
            failed: errorResult,
          }),
      }
    },
  } satisfies ToolDefinition)
}

function isObjectSchema(
  schema: unknown,
): schema is { readonly type: 'object'; readonly [key: string]: unknown } {
  return isRecord(schema) && schema['type'] === 'object'
}
