import type { Action } from './decision.ts'
import type { Method } from './rule-schema.ts'

/** What a list promises: that this may be done with what is in it, with some arguments. */
const PROMISED: Readonly<Record<Exclude<Action, Method>, Method>> = {
  'tools/list': 'tools/call',
  'prompts/list': 'prompts/get',
  'resources/list': 'resources/read',
  'resources/templates/list': 'resources/read',
}

/** Whether an action is a list. */
export function isList(action: Action): action is Exclude<Action, Method> {
  return Object.hasOwn(PROMISED, action)
}

/** The method by which an action is decided: its own, of a list the one that it promises. */
export function methodOf(action: Action): Method {
  return isList(action) ? PROMISED[action] : action
}

/** Whether limits count an action. Lists run nothing; completions would use up what is meant for calls. */
export function isCounted(action: Action): boolean {
  return !isList(action) && action !== 'completion/complete'
}
