import type { CatalogParts } from '../catalog.ts'
import type { PromptDefinition } from '../prompt.ts'
import type { ResourceDefinition } from '../resource.ts'
import type { ToolDefinition } from '../tool.ts'
import type { UpstreamCalls } from './calls.ts'
import type { Definition, Quarantined, QuarantineReason } from './definition.ts'
import { namesOf, type NamedKind } from './names.ts'
import type { UpstreamOptions } from './options.ts'
import { quarantined } from './quarantined.ts'
import type { RelayLink, RelayPorts } from './relay-link.ts'
import { listedResources } from './relay-listing.ts'
import { relayPrompt } from './relay-prompt.ts'
import { relayRest, relayTemplate } from './relay-resources.ts'
import { relayTool, type OwnName } from './relay-tool.ts'
import { resultScanner } from './scan-result.ts'
import { urisOfTemplates } from './template-uris.ts'
import { schemeOf, upstreamUris } from './upstream-uri.ts'
import { stripHidden } from './visible-text.ts'

/** What an upstream puts into the catalog. */
export interface Relayed extends Required<CatalogParts> {
  /** In the words of the upstream, each line marked as its own; `undefined` where it says nothing. */
  readonly instructions: string | undefined
  /** What cannot be served; the operator does not miss what is not wanted. */
  readonly quarantined: readonly Quarantined[]
}

/**
 * Turns pinned definitions of one upstream into parts of the catalog that call it. Nothing is asked of the upstream
 * until somebody calls.
 *
 * Fails closed: what cannot be named, or is no definition, is quarantined; of two with one name the later one.
 *
 * @param templates URI templates that are known of it, also those that are not served: what is of them is in no other
 *   family; those of `definitions` unless given
 */
export function relayed(
  options: UpstreamOptions,
  definitions: readonly Definition[],
  calls: UpstreamCalls,
  { told, parked, own, scanner = resultScanner(options.results), onLate = () => undefined }: RelayPorts,
  templates: readonly string[] = templatesIn(definitions),
): Relayed {
  const uris = upstreamUris(options.prefix ? options.name : undefined)
  const link: RelayLink = { options, calls, told, parked, scanner, uris }
  const names = namesOf(options)
  const isOfTemplate = urisOfTemplates(templates)
  const isTaken = (uri: string): boolean => own.schemes.has(schemeOf(uris.outward(uri)))
  const family = { link, listed: listedResources(link, { ...names, onLate }), names, isOfTemplate, isTaken }
  const tools: ToolDefinition[] = []
  const prompts: PromptDefinition[] = []
  const resources: ResourceDefinition[] = names.rest.kind === 'named' ? [relayRest(family, names.rest)] : []
  const kept: Quarantined[] = []
  const add = (kind: NamedKind, definition: Definition): void => {
    const reason = added(kind, definition)
    if (reason !== undefined) kept.push(quarantined(definition, reason))
  }
  const added = (kind: NamedKind, definition: Definition): QuarantineReason | undefined => {
    const naming = names.of(kind, definition.name)
    if (naming.kind === 'unwanted') return undefined
    if (naming.kind === 'bad_name') return 'bad_name'
    switch (kind) {
      case 'tool':
        return taken(tools, relayTool(link, definition, naming), naming)
      case 'prompt':
        return taken(prompts, relayPrompt(link, definition, naming), naming)
      case 'template':
        return taken(resources, relayTemplate(family, definition, naming), naming)
    }
  }
  for (const definition of definitions)
    if (definition.kind !== 'instructions') add(definition.kind, definition)
  return { tools, prompts, resources, instructions: instructionsOf(options, definitions), quarantined: kept }
}

/** URI templates among definitions. */
export function templatesIn(definitions: readonly Definition[]): readonly string[] {
  return definitions.flatMap(({ kind, value: { uriTemplate } }) =>
    kind === 'template' && typeof uriTemplate === 'string' ? [uriTemplate] : [],
  )
}

function taken<Part extends OwnName>(
  parts: Part[],
  part: Part | undefined,
  { name }: OwnName,
): QuarantineReason | undefined {
  if (part === undefined) return 'malformed'
  if (parts.some((other) => other.name === name)) return 'collision'
  parts.push(part)
  return undefined
}

/** Marked line by line, so that no line passes for another upstream's, or for ours. */
function instructionsOf(
  { name, prefix }: UpstreamOptions,
  definitions: readonly Definition[],
): string | undefined {
  const text = definitions.find(({ kind }) => kind === 'instructions')?.value['text']
  if (typeof text !== 'string' || text.trim() === '') return undefined
  if (!prefix) return text
  const lines = stripHidden(text).split(/\r?\n/)
  return [`The upstream "${name}" says:`, ...lines.map((line) => `> ${line}`)].join('\n')
}
