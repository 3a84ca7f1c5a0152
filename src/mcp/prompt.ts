import type { GetPromptResult, PromptArgument } from '@modelcontextprotocol/server'
import type { Call, Needs } from './tool.ts'

/** A prompt of the catalog. Its permission is required. */
export interface PromptDefinition {
  readonly name: string
  readonly title?: string
  readonly description: string
  readonly arguments: readonly PromptArgument[]
  readonly permission: Needs
  /**
   * Values for one of the arguments that begin as `begun` does, most likely first; those that the caller may not use are
   * left out by who asks.
   */
  complete?(argument: string, begun: string, call: Call): Promise<readonly string[]>
  /** What it throws reaches the audit trail, never the caller. `undefined`: there is nothing under these arguments. */
  get(args: Readonly<Record<string, string>>, call: Call): Promise<GetPromptResult | undefined>
}

/** Makes a prompt. */
export function definePrompt(definition: PromptDefinition): PromptDefinition {
  return Object.freeze(definition)
}
