import type { Prompt, ResourceTemplateType, Tool } from '@modelcontextprotocol/server'
import type { Action } from '../access/decision.ts'
import type { Caller } from './caller.ts'
import type { Catalog } from './catalog.ts'
import type { CatalogSource } from './catalog-source.ts'
import { describePrompt, describeTemplate, describeTool } from './describe.ts'
import { deepFreeze } from './freeze.ts'
import type { Asked } from './asked.ts'
import type { Guard } from './guard.ts'
import type { ResourceDefinition } from './resource.ts'

/** What a caller sees of what is served now, in the order of names. */
export interface Visible {
  tools(caller: Caller): readonly Tool[]
  prompts(caller: Caller): readonly Prompt[]
  templates(caller: Caller): readonly ResourceTemplateType[]
  /** Whether it may list some resources of any family, if there are any. */
  hasResources(caller: Caller): boolean
}

/**
 * Describes everything once, and lists for each caller what its policy lets it see. A list is kept for as long as the
 * policy says that it would be the same: by an object that the policy makes, so that another policy, or another right,
 * never finds it; and no longer than its catalog.
 *
 * Fails closed: what the policy cannot decide is not listed, and a list of which it says nothing is not kept.
 */
export function visibleIn(source: CatalogSource, guard: Guard): Visible {
  const kept = new WeakMap<Catalog, Visible>()
  const visible = (): Visible => {
    const catalog = source.current()
    const made = kept.get(catalog) ?? visibleOf(catalog, guard)
    kept.set(catalog, made)
    return made
  }
  return {
    tools: (caller) => visible().tools(caller),
    prompts: (caller) => visible().prompts(caller),
    templates: (caller) => visible().templates(caller),
    hasResources: (caller) => visible().hasResources(caller),
  }
}

function visibleOf(catalog: Catalog, guard: Guard): Visible {
  const families = (action: Action, which: readonly ResourceDefinition[]) =>
    which.map((family) => {
      const { permission, uriTemplate: name } = family
      const entry = entryOf(action, 'resource', { name, permission }, describeTemplate(family))
      return { ...entry, asked: { ...entry.asked, isFamily: true as const } }
    })
  const whole = listed(guard, families('resources/list', catalog.resources))
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
      families(
        'resources/templates/list',
        catalog.resources.filter(({ isRest }) => isRest !== true),
      ),
    ),
    hasResources: (caller) => whole(caller).length > 0,
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
