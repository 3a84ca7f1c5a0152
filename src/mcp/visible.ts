import type { Prompt, ResourceTemplateType, Tool } from '@modelcontextprotocol/server'
import type { Action } from '../access/decision.ts'
import type { Caller } from './caller.ts'
import type { Catalog } from './catalog.ts'
import { describePrompt, describeTemplate, describeTool } from './describe.ts'
import { deepFreeze } from './freeze.ts'
import type { Asked } from './asked.ts'
import type { Guard } from './guard.ts'

/** What a caller sees of a catalog, in the order of names. */
export interface Visible {
  tools(caller: Caller): readonly Tool[]
  prompts(caller: Caller): readonly Prompt[]
  templates(caller: Caller): readonly ResourceTemplateType[]
}

/**
 * Describes everything once, and lists for each caller what its policy lets it see. A list is kept for as long as the
 * policy says that it would be the same: by an object that the policy makes, so that another policy, or another right,
 * never finds it.
 *
 * Fails closed: what the policy cannot decide is not listed, and a list of which it says nothing is not kept.
 */
export function visibleIn(catalog: Catalog, guard: Guard): Visible {
  return {
    tools: listed(
      guard,
      catalog.tools.map((tool) => entryOf('tools/list', 'tool', tool, describeTool(tool))),
    ),
    prompts: listed(
      guard,
      catalog.prompts.map((prompt) => entryOf('prompts/list', 'prompt', prompt, describePrompt(prompt))),
    ),
    templates: listed(
      guard,
      catalog.resources.map((family) => {
        const described = describeTemplate(family)
        const { permission, uriTemplate: name } = family
        const entry = entryOf('resources/templates/list', 'resource', { name, permission }, described)
        return { ...entry, asked: { ...entry.asked, isFamily: true as const } }
      }),
    ),
  }
}

interface Entry<Description> {
  readonly asked: Asked
  readonly description: Description
}

function entryOf<Description>(
  action: Action,
  kind: Asked['kind'],
  { name, permission }: { readonly name: string; readonly permission: Asked['needs'] },
  description: Description,
): Entry<Description> {
  // A copy: what is frozen here may be somebody's schema.
  const own = deepFreeze(structuredClone(description))
  return { asked: { kind, action, name, entry: name, needs: permission }, description: own }
}

function listed<Description>(
  guard: Guard,
  entries: readonly Entry<Description>[],
): (caller: Caller) => readonly Description[] {
  const kept = new WeakMap<object, readonly Description[]>()
  const decide = (caller: Caller): readonly Description[] =>
    entries
      .filter(({ asked }) => guard.foresee(caller, asked) !== 'deny')
      .map(({ description }) => description)
  return (caller) => {
    const key = guard.listKey(caller)
    const known = key && kept.get(key)
    if (known !== undefined) return known
    const list = decide(caller)
    if (key !== undefined) kept.set(key, list)
    return list
  }
}
