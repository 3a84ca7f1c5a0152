import { UNKNOWN, type AccessRequest, type Action, type Arguments } from '../access/decision.ts'
import { isList } from '../access/method.ts'
import type { Catalog } from '../mcp/catalog.ts'

/** The methods that the policy decides, and what they are about. */
export const ACTIONS: Readonly<Record<Action, 'tool' | 'prompt' | 'resource' | 'any'>> = {
  'tools/list': 'tool',
  'tools/call': 'tool',
  'prompts/list': 'prompt',
  'prompts/get': 'prompt',
  'resources/list': 'resource',
  'resources/templates/list': 'resource',
  'resources/read': 'resource',
  'resources/subscribe': 'resource',
  'completion/complete': 'any',
}

/** The method by which a thing is used, whatever else may be done with it. */
export const CALLS = { tool: 'tools/call', prompt: 'prompts/get', resource: 'resources/read' } as const

/** Whether this is one of {@link ACTIONS}. */
export function isAction(text: string): text is Action {
  return Object.hasOwn(ACTIONS, text)
}

/** Whether a method is decided without arguments: a list, a completion. */
export function isBlind(action: Action): boolean {
  return isList(action) || action === 'completion/complete'
}

/** What is asked for, as the guard would put it to the policy; or that there is no such thing here. */
export type Lookup =
  | { readonly kind: 'known'; readonly request: AccessRequest; readonly args: Arguments }
  | { readonly kind: 'unknown'; readonly what: string; readonly names: readonly string[] }

/**
 * Looks up what a method is asked about. Lists and completions know no arguments; those of a resource are in its URI.
 *
 * @param args of a tool or prompt
 */
export function requestOf(
  catalog: Catalog,
  action: Action,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Lookup {
  const kinds = ACTIONS[action] === 'any' ? (['prompt', 'resource'] as const) : [ACTIONS[action]]
  const found = kinds.map((kind) => find(catalog, kind, name)).find((one) => one !== undefined)
  if (found === undefined)
    return { kind: 'unknown', what: kinds.join(' or '), names: namesIn(catalog, kinds) }
  const { variables, ...rest } = found
  return {
    kind: 'known',
    request: { action, ...rest },
    args: isBlind(action) || 'isFamily' in rest ? UNKNOWN : (variables ?? args),
  }
}

interface Found extends Omit<AccessRequest, 'action'> {
  /** Of a URI; absent where it has none. */
  readonly variables?: Readonly<Record<string, string>>
}

function find(catalog: Catalog, kind: string, name: string): Found | undefined {
  if (kind === 'resource') return findResource(catalog, name)
  const definition = kind === 'tool' ? catalog.tool(name) : catalog.prompt(name)
  if (definition === undefined) return undefined
  return {
    kind: kind === 'tool' ? 'tool' : 'prompt',
    resource: name,
    entry: name,
    permission: definition.permission,
  }
}

function findResource(catalog: Catalog, name: string): Found | undefined {
  const family = catalog.resources.find(({ uriTemplate }) => uriTemplate === name)
  const common = { kind: 'resource', resource: name } as const
  if (family !== undefined) return { ...common, isFamily: true, entry: name, permission: family.permission }
  const found = catalog.resource(name)
  if (found === undefined) return undefined
  const { definition, variables, uri } = found
  return {
    ...common,
    resource: uri,
    entry: definition.uriTemplate,
    permission: definition.permission,
    variables,
  }
}

function namesIn(catalog: Catalog, kinds: readonly string[]): readonly string[] {
  const { tools, prompts, resources } = catalog
  return [
    ...(kinds.includes('tool') ? tools.map(({ name }) => name) : []),
    ...(kinds.includes('prompt') ? prompts.map(({ name }) => name) : []),
    ...(kinds.includes('resource') ? resources.map(({ uriTemplate }) => uriTemplate) : []),
  ]
}
