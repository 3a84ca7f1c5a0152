import { isDeepStrictEqual } from 'node:util'
import { UriTemplate } from '@modelcontextprotocol/server'
import { parsePermission } from '../access/permission.ts'
import { SallyportError } from '../errors.ts'
import type { PromptDefinition } from './prompt.ts'
import type { ResourceDefinition } from './resource.ts'
import type { ToolDefinition } from './tool.ts'

/** Everything that exists here, each with the permission it needs. */
export interface Catalog {
  readonly tools: readonly ToolDefinition[]
  readonly prompts: readonly PromptDefinition[]
  readonly resources: readonly ResourceDefinition[]
  tool(name: string): ToolDefinition | undefined
  prompt(name: string): PromptDefinition | undefined
  /**
   * The family that a URI belongs to, and the values of its template's variables. Fails closed: a URI from which they
   * cannot be told for sure belongs to none.
   */
  resource(uri: string): FoundResource | undefined
}

/** A family and what its template made of a URI. */
export interface FoundResource {
  readonly definition: ResourceDefinition
  /**
   * The one URI of this resource, made anew from the variables: the one to decide on, since `note://%61` and `note://a`
   * are one note.
   */
  readonly uri: string
  /** As it was asked for: one of the spellings that lead to {@link uri}. */
  readonly asked: string
  readonly variables: Readonly<Record<string, string>>
}

/** What {@link createCatalog} takes. */
export interface CatalogParts {
  readonly tools?: readonly ToolDefinition[]
  readonly prompts?: readonly PromptDefinition[]
  readonly resources?: readonly ResourceDefinition[]
}

const NAME = /^[A-Za-z0-9_.-]{1,128}$/

/** URIs beyond this many characters belong to no family. */
const LONGEST_URI = 2048

/**
 * Makes the catalog, in the order of names, so that lists are stable.
 *
 * @throws SallyportError `CATALOG_INVALID` for a bad or doubled name, a missing permission or a template that is none
 */
export function createCatalog(parts: CatalogParts): Catalog {
  const tools = indexed('tool', parts.tools ?? [])
  const prompts = indexed('prompt', parts.prompts ?? [])
  const resources = indexed('resource', parts.resources ?? [])
  const templates = inTurn([...resources.values()]).map((definition) => ({
    definition,
    template: templateOf(definition),
  }))
  return Object.freeze({
    tools: [...tools.values()],
    prompts: [...prompts.values()],
    resources: [...resources.values()],
    tool: (name: string) => tools.get(name),
    prompt: (name: string) => prompts.get(name),
    resource(uri: string) {
      if (uri.length > LONGEST_URI) return undefined
      for (const { definition, template } of templates) {
        const variables = decoded(template.match(uri))
        if (variables === undefined) continue
        const own = expanded(template, variables)
        return own === undefined ? undefined : { definition, uri: own, asked: uri, variables }
      }
      return undefined
    },
  })
}

function indexed<Definition extends { readonly name: string; readonly permission: string }>(
  kind: string,
  definitions: readonly Definition[],
): ReadonlyMap<string, Definition> {
  const byName = new Map<string, Definition>()
  for (const definition of definitions.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name, permission } = definition
    if (!NAME.test(name))
      throw invalid(`the ${kind} ${JSON.stringify(name)} has a name that does not match ${NAME.source}`)
    if (byName.has(name)) throw invalid(`there are two of the ${kind} "${name}": rename one`)
    if (permission !== 'authenticated' && parsePermission(permission) === undefined)
      throw invalid(
        `the ${kind} "${name}" needs ${JSON.stringify(permission)}, which is no permission: write "area:verb" or "authenticated"`,
      )
    byName.set(name, definition)
  }
  return byName
}

/** Families that take what no other takes come last; of those, whoever says more of its URIs comes first. */
function inTurn(families: readonly ResourceDefinition[]): readonly ResourceDefinition[] {
  const rest = families.filter(({ isRest }) => isRest === true)
  const said = ({ uriTemplate }: ResourceDefinition): number => uriTemplate.indexOf('{')
  return [
    ...families.filter(({ isRest }) => isRest !== true),
    ...rest.toSorted((one, other) => said(other) - said(one)),
  ]
}

function templateOf({ name, uriTemplate }: ResourceDefinition): UriTemplate {
  try {
    return new UriTemplate(uriTemplate)
  } catch (cause) {
    throw invalid(`the resource "${name}" has a URI template that cannot be read: ${uriTemplate}`, { cause })
  }
}

function decoded(match: Record<string, string | string[]> | null): Record<string, string> | undefined {
  if (match === null) return undefined
  const entries: [string, string][] = []
  for (const [name, value] of Object.entries(match)) {
    const text = typeof value === 'string' ? percentDecoded(value) : undefined
    if (text === undefined) return undefined
    entries.push([name, text])
  }
  return Object.fromEntries(entries)
}

/** The URI that a template makes of these variables, if it makes the same variables of that. */
function expanded(template: UriTemplate, variables: Readonly<Record<string, string>>): string | undefined {
  try {
    const uri = template.expand(variables)
    return isDeepStrictEqual(decoded(template.match(uri)), variables) ? uri : undefined
  } catch {
    return undefined
  }
}

function percentDecoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

function invalid(message: string, options?: ErrorOptions): SallyportError {
  return new SallyportError('CATALOG_INVALID', message, options)
}
