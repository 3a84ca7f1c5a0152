import { UriTemplate, type ReadResourceResult } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../auth/context.ts'
import { defineResource, type ResourceDefinition } from '../resource.ts'
import type { Call, Needs } from '../tool.ts'
import type { Definition } from './definition.ts'
import { relayCall } from './relay-call.ts'
import { relayCompletion } from './relay-completion.ts'
import type { Names } from './names.ts'
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
  /** The resources that exist now; asked once for each call, however many families ask. */
  readonly listed: ListedResources
  readonly names: Pick<Names, 'wantsUri' | 'deniesUri'>
  /** Whether a URI is of a template that is known of the upstream, served or not. Fails closed. */
  readonly isOfTemplate: (own: string) => boolean
  /** Whether a URI, as the upstream has it, looks like one of ours. */
  readonly isTaken: (own: string) => boolean
}

/** A family of resources by a pinned template. @returns `undefined` for what is no definition of a template */
export function relayTemplate(
  parts: FamilyParts,
  { name: own, value }: Definition,
  { name, permission }: OwnName,
): ResourceDefinition | undefined {
  const { link, listed, names } = parts
  const isWanted = (inner: string): boolean => !names.deniesUri(inner)
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
    list: async (call) => (await listed.list(call)).filter(({ uri }) => uri.startsWith(begins)),
    complete: async (argument, begun, call, known) =>
      relayCompletion(link, call, { type: 'ref/resource', uri: uriTemplate }, { argument, begun, known }),
    watch: (uri, context, changed, asked) => watchRelayed(parts, isWanted, { uri, context, changed, asked }),
    read: async (uri, _variables, call, asked) => readRelayed(parts, isWanted, { uri, call, asked }),
  })
}

function isTemplate(text: string): boolean {
  try {
    return new UriTemplate(text).variableNames.length > 0
  } catch {
    return false
  }
}

/**
 * Everything that an upstream has and no template takes. What is of a template that is kept from everybody is not left
 * over: its permission is another one.
 */
export function relayRest(
  parts: FamilyParts,
  { name, permission }: { readonly name: string; readonly permission: Needs },
): ResourceDefinition {
  const { link, listed, names, isOfTemplate, isTaken } = parts
  const isWanted = (inner: string): boolean =>
    names.wantsUri(inner) && !isOfTemplate(inner) && !isTaken(inner)
  return defineResource({
    name,
    title: link.options.name,
    description: `Resources of the upstream "${link.options.name}"`,
    uriTemplate: link.uris.outward('{+uri}'),
    isRest: true,
    permission,
    upstream: link.options.name,
    list: async (call) =>
      (await listed.list(call)).filter(({ uri }) => isWanted(link.uris.inward(uri) ?? '')),
    watch: (uri, context, changed, asked) => watchRelayed(parts, isWanted, { uri, context, changed, asked }),
    read: async (uri, _variables, call, asked) => readRelayed(parts, isWanted, { uri, call, asked }),
  })
}

interface Watching {
  readonly uri: string
  readonly context: AuthContext
  readonly changed: () => void
  readonly asked: string | undefined
}

function watchRelayed(
  { link, listed }: FamilyParts,
  isWanted: (own: string) => boolean,
  { uri, context, changed, asked = uri }: Watching,
): () => void {
  const spelling = asked !== uri && listed.had(context.principal.id, asked) ? asked : uri
  const own = ownOf(link, isWanted, spelling)
  return own === undefined ? () => undefined : link.calls.watch(context, own, changed)
}

interface Reading {
  readonly uri: string
  readonly call: Call
  readonly asked: string | undefined
}

/**
 * Upstreams compare URIs as text, and theirs are spelled in any way: not encoded, in small letters, with a `%2F`. What is
 * decided on is one spelling for all that mean the same. What is sent is that one as well, unless the upstream itself
 * has listed the one that was asked for: no caller makes up another spelling of what it was allowed.
 */
async function readRelayed(
  { link, listed }: FamilyParts,
  isWanted: (own: string) => boolean,
  { uri, call, asked = uri }: Reading,
) {
  const spelling = asked !== uri && (await listed.has(call, asked)) ? asked : uri
  const own = ownOf(link, isWanted, spelling)
  if (own === undefined) return undefined
  return relayCall<ReadResourceResult>(link, call, {
    method: 'resources/read',
    name: own,
    params: { uri: own },
    repeatable: true,
    resultOf: (result) => readResultOf(withUrisOfRead(result, link.uris)),
    failed: failedCall,
  })
}

function ownOf({ uris }: RelayLink, isWanted: (own: string) => boolean, uri: string): string | undefined {
  const own = uris.inward(uri)
  return own !== undefined && isWanted(own) ? own : undefined
}
