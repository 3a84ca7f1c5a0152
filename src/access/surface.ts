import type { Permission } from './permission.ts'

/** What of one tool, prompt or family of resources a policy can speak of. */
export interface SurfaceEntry {
  readonly kind: 'tool' | 'prompt' | 'resource'
  /** Of a family of resources its URI template (RFC 6570). */
  readonly name: string
  readonly permission: Permission | 'authenticated'
  /** The MCP server behind this one that it comes from; null for what this process serves itself. */
  readonly upstream: string | null
  /** As the tool says them (MCP, `ToolAnnotations`); null where there are none, or where nobody vouches for them. */
  readonly annotations: Readonly<Record<string, unknown>> | null
  /**
   * JSON Schema 2020-12 of the arguments, an object. Of a prompt an object of texts, of a family of resources an object
   * of the variables of its template.
   */
  readonly inputSchema: Readonly<Record<string, unknown>>
}

/** Everything that a policy decides on: the catalog, without what runs. */
export type Surface = readonly SurfaceEntry[]
