import type { ReadResourceResult, Resource } from '@modelcontextprotocol/server'
import type { Call, Needs } from './tool.ts'

/** A family of resources of the catalog: everything that one URI template matches. Its permission is required. */
export interface ResourceDefinition {
  readonly name: string
  readonly title?: string
  readonly description: string
  /** RFC 6570, for example `note://{id}`. */
  readonly uriTemplate: string
  readonly mimeType?: string
  readonly permission: Needs
  /** Those that exist now, for `resources/list`. */
  list(call: Call): Promise<readonly Resource[]>
  /** Reads one; `undefined` if there is none. `variables` are those of the template, percent-decoded. */
  read(
    uri: string,
    variables: Readonly<Record<string, string>>,
    call: Call,
  ): Promise<ReadResourceResult | undefined>
}

/** Makes a family of resources. */
export function defineResource(definition: ResourceDefinition): ResourceDefinition {
  return Object.freeze(definition)
}
