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
  /**
   * Values for a variable of the template that begin as `begun` does, most likely first; those that the caller may not
   * read are left out by who asks.
   */
  complete?(variable: string, begun: string, call: Call): Promise<readonly string[]>
  /** Tells of resources of this family that have changed or are gone, by URI, until the function it returns is called. */
  follow?(changed: (uri: string) => void): () => void
  /** Reads one; `undefined` if there is none. `variables` are those of the template, percent-decoded. */
  read(
    uri: string,
    variables: Readonly<Record<string, string>>,
    call: Call,
  ): Promise<ReadResourceResult | undefined>
}

/** Brings changes of resources from what changes them to their family. */
export interface ResourceChanges {
  /** The resource of this URI has changed, or is gone. */
  changed(uri: string): void
  /** Tells of every change until the function it returns is called. */
  follow(told: (uri: string) => void): () => void
}

/** Makes a family of resources. */
export function defineResource(definition: ResourceDefinition): ResourceDefinition {
  return Object.freeze(definition)
}
