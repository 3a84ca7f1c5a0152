import type { GetPromptResult, Icon, PromptArgument } from '@modelcontextprotocol/server'
import type { Call, Needs, Returned } from './tool.ts'

/** A prompt of the catalog. Its permission is required. */
export interface PromptDefinition {
  readonly name: string
  readonly title?: string
  readonly description: string
  readonly arguments: readonly PromptArgument[]
  readonly icons?: readonly Icon[]
  readonly permission: Needs
  /** The MCP server behind this one that it is of; absent for what is our own. */
  readonly upstream?: string
  /**
   * Values for one of the arguments that begin as `begun` does, most likely first; those that the caller may not use are
   * left out by who asks.
   *
   * @param known arguments that have their value already (MCP, completion context)
   */
  complete?(
    argument: string,
    begun: string,
    call: Call,
    known: Readonly<Record<string, string>>,
  ): Promise<readonly string[]>
  /** What it throws reaches the audit trail, never the caller. `undefined`: there is nothing under these arguments. */
  get(args: Readonly<Record<string, string>>, call: Call): Promise<Returned<GetPromptResult> | undefined>
}

/** Makes a prompt. */
export function definePrompt(definition: PromptDefinition): PromptDefinition {
  return Object.freeze(definition)
}
