import type { SurfaceEntry } from '../../access/surface.ts'
import type { CatalogParts } from '../catalog.ts'
import type { Definition, Pins, Quarantined } from './definition.ts'
import { definitionKey } from './definition-key.ts'
import { namesOf } from './names.ts'
import type { UpstreamOptions } from './options.ts'
import { quarantined } from './quarantined.ts'
import { templatesIn } from './relayed.ts'
import { schemeOf, upstreamUris } from './upstream-uri.ts'
import type { Approved } from './upstream.ts'

/** Everything by which upstreams are what they are: the configuration, what is pinned, and what the policy cannot judge. */
export interface UpstreamsWanted {
  /** With names of their own. */
  readonly options: readonly UpstreamOptions[]
  readonly pins: Pins
  /** Entries of the surface that rules of the access policy do not fit. */
  readonly misfits: readonly Pick<SurfaceEntry, 'kind' | 'name' | 'upstream'>[]
}

/** What upstreams may not be called: names and schemes of URIs of everything that is our own. */
export interface OwnNames {
  readonly names: ReadonlySet<string>
  readonly schemes: ReadonlySet<string>
}

/** Names and schemes of what is our own. */
export function ownNamesOf({ tools = [], prompts = [], resources = [] }: CatalogParts): OwnNames {
  const named = (kind: string, all: readonly { readonly name: string }[]) =>
    all.map(({ name }) => `${kind} ${name}`)
  return {
    names: new Set([...named('tool', tools), ...named('prompt', prompts), ...named('template', resources)]),
    schemes: new Set(resources.map(({ uriTemplate }) => schemeOf(uriTemplate))),
  }
}

/**
 * What of the pins of each upstream may be served. The name of something that is our own, of an upstream with a prefix or
 * of one before it is taken: what comes later with such a name is refused.
 */
export function approvedPins(
  { options, pins, misfits }: UpstreamsWanted,
  own: OwnNames,
): ReadonlyMap<string, Approved> {
  const taken = new Set(own.names)
  const unfit = new Set(misfits.map(({ upstream, kind, name }) => `${upstream} ${kind} ${name}`))
  // Whoever keeps its own names comes last: all others have names that say whose they are.
  const inOrder = options.toSorted((one, other) => Number(other.prefix) - Number(one.prefix))
  const prefixes = options.filter(({ prefix }) => prefix).map(({ name }) => name)
  return new Map(
    inOrder.map((upstream) => {
      const all = pins.upstreams.get(upstream.name)
      const names = namesOf(upstream)
      const refused: Quarantined[] = []
      for (const definition of all ?? []) {
        const { kind, name } = definition
        if (kind === 'instructions') continue
        const naming = names.of(kind, name)
        if (naming.kind !== 'named') continue
        const place = `${kind} ${naming.name}`
        const isTaken =
          taken.has(place) || (!upstream.prefix && isOfOthers(definition, naming.name, own, prefixes))
        if (isTaken) refused.push(quarantined(definition, 'collision'))
        else if (unfit.has(`${upstream.name} ${surfaceNameOf(definition, naming.name, upstream)}`))
          refused.push(quarantined(definition, 'policy'))
        taken.add(place)
      }
      const keys = new Set(refused.map(definitionKey))
      const pinned = all?.filter((definition) => !keys.has(definitionKey(definition)))
      return [upstream.name, { pinned, refused, templates: templatesIn(all ?? []) }]
    }),
  )
}

/** Whether it looks like something of another upstream, or takes URIs that are our own. */
function isOfOthers(
  { kind, value }: Definition,
  name: string,
  { schemes }: OwnNames,
  prefixes: readonly string[],
): boolean {
  if (prefixes.some((prefix) => name.startsWith(`${prefix}_`))) return true
  if (kind !== 'template') return false
  const { uriTemplate } = value
  const scheme = typeof uriTemplate === 'string' ? schemeOf(uriTemplate) : ''
  return scheme === '' || schemes.has(scheme) || prefixes.some((prefix) => scheme.startsWith(`${prefix}+`))
}

/** What the surface calls a definition: see `surface-of.ts`. */
function surfaceNameOf(
  { kind, value }: Definition,
  name: string,
  { prefix, name: upstream }: UpstreamOptions,
): string {
  if (kind !== 'template') return `${kind} ${name}`
  return `resource ${upstreamUris(prefix ? upstream : undefined).outward(String(value['uriTemplate']))}`
}
