import type { Icon, ReadResourceResult, Resource } from '@modelcontextprotocol/server'
import type { AuthContext } from '../auth/context.ts'
import type { Call, Needs, Returned } from './tool.ts'

/** A family of resources of the catalog: everything that one URI template matches. Its permission is required. */
export interface ResourceDefinition {
  readonly name: string
  readonly title?: string
  readonly description: string
  /** RFC 6570, for example `note://{id}`. */
  readonly uriTemplate: string
  readonly mimeType?: string
  readonly icons?: readonly Icon[]
  readonly permission: Needs
  /** The MCP server behind this one that it is of; absent for what is our own. */
  readonly upstream?: string
  /** Takes the URIs that no other family takes, and is asked last; `uriTemplate` fits them all. It is no template in lists. */
  readonly isRest?: true
  /** Those that exist now, for `resources/list`. */
  list(call: Call): Promise<readonly Resource[]>
  /**
   * Values for a variable of the template that begin as `begun` does, most likely first; those that the caller may not
   * read are left out by who asks.
   */
  complete?(
    variable: string,
    begun: string,
    call: Call,
    known: Readonly<Record<string, string>>,
  ): Promise<readonly string[]>
  /** Tells of resources of this family that have changed or are gone, by URI, until the function it returns is called. */
  follow?(changed: (uri: string) => void): () => void
  /**
   * Is told when somebody begins to watch one of them, and calls `changed` whenever that has changed, until the function
   * it returns is called. For families that have to be asked for each; `follow` is for those that tell of all by themselves.
   *
   * @param asked see `read`
   */
  watch?(uri: string, context: AuthContext, changed: () => void, asked?: string): () => void
  /**
   * Reads one; `undefined` if there is none. `variables` are those of the template, percent-decoded.
   *
   * @param uri the one that was decided on, made anew from the variables
   * @param asked the same as its caller spelled it, for those who know their resources by one spelling alone; never to be
   *   used unless it is known to be one of theirs
   */
  read(
    uri: string,
    variables: Readonly<Record<string, string>>,
    call: Call,
    asked?: string,
  ): Promise<Returned<ReadResourceResult> | undefined>
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
