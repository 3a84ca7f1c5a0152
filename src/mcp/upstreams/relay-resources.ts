import { UriTemplate, type ReadResourceResult } from '@modelcontextprotocol/server'
import { defineResource, type ResourceDefinition } from '../resource.ts'
import type { Call, Needs } from '../tool.ts'
import type { Definition } from './definition.ts'
import { relayCall } from './relay-call.ts'
import { relayCompletion } from './relay-completion.ts'
import type { RelayLink } from './relay-link.ts'
import type { ListedResources } from './relay-listing.ts'
import { iconsIn, textIn } from './relay-members.ts'
import { failedCall } from './relay-prompt.ts'
import { readResultOf } from './relay-result.ts'
import type { OwnName } from './relay-tool.ts'
import { withUrisOfRead } from './upstream-uri.ts'

/** What families of one upstream share. */
export interface FamilyParts {
  readonly link: RelayLink
  /** The resources that exist now, with our URIs; asked once for each call, however many families ask. */
  readonly listed: ListedResources
  /** Whether a resource exists here, by the upstream's own URI. */
  readonly wantsUri: (own: string) => boolean
}

/** A family of resources by a pinned template. @returns `undefined` for what is no definition of a template */
export function relayTemplate(
  parts: FamilyParts,
  { name: own, value }: Definition,
  { name, permission }: OwnName,
): ResourceDefinition | undefined {
  const { link, listed } = parts
  const { uriTemplate } = value
  if (typeof uriTemplate !== 'string' || !isTemplate(uriTemplate)) return undefined
  const outward = link.uris.outward(uriTemplate)
  const begins = outward.split('{', 1)[0] ?? ''
  const title = textIn(value['title']) ?? own
  const mimeType = textIn(value['mimeType'])
  const icons = iconsIn(value)
  return defineResource({
    name,
    title,
    description: textIn(value['description']) ?? '',
    uriTemplate: outward,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(icons.length === 0 ? {} : { icons }),
    permission,
    upstream: link.options.name,
    // What is not of this family after all is left out by who asks.
    list: async (call) => (await listed(call)).filter(({ uri }) => uri.startsWith(begins)),
    complete: async (argument, begun, call, known) =>
      relayCompletion(link, call, { type: 'ref/resource', uri: uriTemplate }, { argument, begun, known }),
    watch: (uri, context, changed) =>
      watched(link, uri, (inner) => link.calls.watch(context, inner, changed)),
    read: async (uri, _variables, call) => readRelayed(parts, uri, call, () => true),
  })
}

function isTemplate(text: string): boolean {
  try {
    return new UriTemplate(text).variableNames.length > 0
  } catch {
    return false
  }
}

/** Everything that an upstream lists and no template takes. */
export function relayRest(
  parts: FamilyParts,
  { name, permission }: { readonly name: string; readonly permission: Needs },
): ResourceDefinition {
  const { link, listed, wantsUri } = parts
  return defineResource({
    name,
    title: link.options.name,
    description: `Resources of the upstream "${link.options.name}"`,
    uriTemplate: link.uris.outward('{+uri}'),
    isRest: true,
    permission,
    upstream: link.options.name,
    list: listed,
    watch: (uri, context, changed) =>
      watched(link, uri, (inner) =>
        wantsUri(inner) ? link.calls.watch(context, inner, changed) : () => undefined,
      ),
    read: async (uri, _variables, call) => readRelayed(parts, uri, call, wantsUri),
  })
}

function watched({ uris }: RelayLink, uri: string, watch: (own: string) => () => void): () => void {
  const own = uris.inward(uri)
  return own === undefined ? () => undefined : watch(own)
}

async function readRelayed(
  { link }: FamilyParts,
  uri: string,
  call: Call,
  isWanted: (own: string) => boolean,
) {
  const own = link.uris.inward(uri)
  if (own === undefined || !isWanted(own)) return undefined
  return relayCall<ReadResourceResult>(link, call, {
    method: 'resources/read',
    name: own,
    params: { uri: own },
    repeatable: true,
    resultOf: (result) => readResultOf(withUrisOfRead(result, link.uris)),
    failed: failedCall,
  })
}
