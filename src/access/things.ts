import type { ThingsEntry } from './schema-parts.ts'

/** What a rule or a limit is about: glob patterns, any of which is enough. */
export interface Things {
  /** Of names. */
  readonly tools: readonly string[]
  /** Of names. */
  readonly prompts: readonly string[]
  /** Of URIs. */
  readonly resources: readonly string[]
}

/** What is not named is not meant. */
export function thingsOf({ tools = [], prompts = [], resources = [] }: ThingsEntry): Things {
  return {
    tools: Object.freeze([...tools]),
    prompts: Object.freeze([...prompts]),
    resources: Object.freeze([...resources]),
  }
}
