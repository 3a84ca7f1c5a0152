import type { Action } from '../access/decision.ts'
import type { ActionFinished } from '../audit/event.ts'
import type { Needs } from './tool.ts'

/** What is asked for. Without `needs` it does not exist: the answer is the same, the record is not. */
export interface Asked {
  readonly kind: 'tool' | 'prompt' | 'resource'
  readonly action: Action
  /** Name of the tool or prompt, URI of the resource, as the caller wrote it; or the template of a family of them. */
  readonly name: string
  /** Whether `name` is the template of a family. */
  readonly isFamily?: true
  /** The name under which the surface has it. */
  readonly entry: string
  readonly needs: Needs | undefined
}

/** What the work behind the guard came to. */
export interface Work<Value> {
  readonly outcome: Exclude<ActionFinished['outcome'], 'exception'>
  readonly value: Value
}
