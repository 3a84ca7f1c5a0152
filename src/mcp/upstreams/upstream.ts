import { isDeepStrictEqual } from 'node:util'
import type { AuthContext } from '../../auth/context.ts'
import type { ListKind } from '../catalog-source.ts'
import type { CatalogParts } from '../catalog.ts'
import type { Era } from '../methods.ts'
import type { BreakerState } from './breaker.ts'
import { coalesced } from './coalesced.ts'
import type { Definition, Listing, Quarantined } from './definition.ts'
import { definitionKey } from './definition-key.ts'
import { isWanted, judge } from './judge-definitions.ts'
import { namesOf } from './names.ts'
import type { UpstreamOptions } from './options.ts'
import type { ParkedCalls } from './parked-calls.ts'
import type { UpstreamPorts } from './ports.ts'
import type { RelayPorts } from './relay-link.ts'
import { relayed, templatesIn } from './relayed.ts'
import { upstreamCalls } from './upstream-calls.ts'
import { upstreamConnections } from './upstream-connections.ts'
import { upstreamListing, type UpstreamState } from './upstream-listing.ts'

/** What is approved of one upstream. */
export interface Approved {
  /** Of its pins those that may be served; undefined for an upstream that was never pinned. */
  readonly pinned: readonly Definition[] | undefined
  /** Pins that are not, and why. */
  readonly refused: readonly Quarantined[]
  /** URI templates of all of its pins. */
  readonly templates: readonly string[]
}

/** How one upstream is, for the operator. */
export interface UpstreamStatus {
  readonly name: string
  readonly state: UpstreamState
  /** Undefined while it is not known. */
  readonly era: Era | undefined
  readonly breaker: BreakerState
  readonly connections: number
  readonly inFlight: number
  readonly isPinned: boolean
  readonly served: number
  readonly quarantined: readonly Quarantined[]
}

/** One upstream that runs. */
export interface Upstream {
  readonly options: UpstreamOptions
  /** The same object until something changes. */
  parts(): CatalogParts
  /** What it says of itself to clients, as it is pinned, and marked as its own. */
  instructions(): string | undefined
  status(): UpstreamStatus
  /** Takes what is approved from now on. */
  approve(approved: Approved): void
  /** Closes the connections of those who are meant. */
  end(concerns: (context: AuthContext) => boolean): void
  /** Takes no more calls, lets those that run end for `grace` ms, and lets go of everything. */
  close(grace: number): Promise<void>
  /** Fulfilled when it was asked for the first time what it lists, or could not be. */
  readonly first: Promise<void>
}

/** What an upstream needs beside {@link UpstreamPorts}. */
export interface UpstreamEnds extends UpstreamPorts {
  /** Calls of all upstreams that wait for their clients. */
  readonly parked: ParkedCalls
  /** What nothing of it may be called. */
  readonly own: RelayPorts['own']
  /** Lists have changed, after they have, for everybody or for one principal. */
  readonly onChanged: (kinds: readonly ListKind[], principal?: string) => void
  /**
   * What it lists is to be approved as it is, being the first of it, or of code of this process; false where it is not.
   *
   * @param news of the definitions those that were not approved as they are
   */
  readonly pin: (
    options: UpstreamOptions,
    definitions: readonly Definition[],
    news: readonly Definition[],
  ) => Promise<boolean>
}

/** Between two words about the same list to clients, in ms. */
const TELLING = 1000

/** Starts one upstream: what is approved is served at once, and what it lists takes away from that. */
export function createUpstream(options: UpstreamOptions, first: Approved, ends: UpstreamEnds): Upstream {
  const { told, onChanged } = ends
  const { name } = options
  const names = namesOf(options)
  let approved = first
  let listing: Listing | undefined
  let isPinning = false
  /** What is new may be pinned before anybody has to be told of it; if it is not by the next listing, it is told. */
  let isAwaited = false
  let judged = judgedOf()
  let reported: ReadonlyMap<string, Quarantined> = new Map()
  /** Whether it was so when it was last told what is kept from everybody. */
  let isNeverApproved = first.pinned === undefined

  const resources = coalesced(TELLING, async () => onChanged(['resources']))
  const connections = upstreamConnections(
    options,
    ends,
    {
      onListChanged(kind) {
        if (kind === 'resources') resources.ask()
        live.changed()
      },
      onLine: (line) => told({ kind: 'line', upstream: name, line }),
    },
    (connected) => {
      if (connected.kind === 'connected') live.opened(connected.connection)
    },
  )
  const calls = upstreamCalls(options, connections, ends)
  const relaying = { ...ends, onLate: (principal: string) => onChanged(['resources'], principal) }
  let templates = templatesNow()
  let parts = relayed(options, judged.served, calls, relaying, templates)
  const live = upstreamListing(
    connections,
    options.limits,
    {
      onUp: (era, version) => told({ kind: 'up', upstream: name, era, version }),
      onDown: (why) => told({ kind: 'down', upstream: name, why }),
      onListed(found) {
        // While it cannot say what it has, what it said last holds.
        if (found.kind === 'failed') return
        listing = found
        void approveListed(found.definitions)
        update()
      },
    },
    ends.now,
  )
  const sweeping = setInterval(() => connections.sweep(), Math.max(1000, options.limits.idle / 4)).unref()
  update()

  function judgedOf(): ReturnType<typeof judge> {
    const { served, quarantined: kept } = judge(approved.pinned, seen(), names)
    const found = new Map(kept.map((one) => [definitionKey(one), one]))
    for (const one of approved.refused) {
      const key = definitionKey(one)
      const known = found.get(key)
      if (known === undefined ? listing === undefined : known.reason === 'new') found.set(key, one)
    }
    return { served, quarantined: [...found.values()] }
  }

  /** What it lists. One that is asked only for principals may show each of them less; that takes nothing from the others. */
  function seen(): Listing | undefined {
    if (listing?.kind !== 'listed' || connections.hasOwn) return listing
    const keys = new Set(listing.definitions.map(definitionKey))
    const hidden = (approved.pinned ?? []).filter((one) => !keys.has(definitionKey(one)))
    return { ...listing, definitions: [...listing.definitions, ...hidden] }
  }

  /** Code of this process is trusted with whatever it has by now; of others the first that they list may be approved. */
  async function approveListed(listed: readonly Definition[]): Promise<void> {
    const definitions = listed.filter((one) => isWanted(one, names))
    const news = definitions.filter(isNews)
    const isTrusted = options.transport.kind === 'in-process' && news.length > 0
    // What one principal is shown there is not approved for the others unseen.
    isAwaited = !isPinning && connections.hasOwn && (approved.pinned === undefined || isTrusted)
    if (!isAwaited) return
    isPinning = true
    isPinning = (await ends.pin(options, definitions, news)) && approved.pinned === undefined
    if (isPinning) return
    isAwaited = false
    report()
  }

  function isNews(one: Definition): boolean {
    const key = definitionKey(one)
    const isPinned =
      approved.pinned?.some((pin) => definitionKey(pin) === key && pin.hash === one.hash) === true
    return !isPinned && !approved.refused.some((other) => definitionKey(other) === key)
  }

  function update(): void {
    const before = judged.served
    judged = judgedOf()
    const changed = differing(before, judged.served)
    const known = templates
    templates = templatesNow()
    const isOtherRest = !isDeepStrictEqual(known, templates)
    if (changed.length > 0 || isOtherRest) parts = relayed(options, judged.served, calls, relaying, templates)
    report()
    const lists = changed.flatMap(({ kind }) => LIST_OF[kind] ?? [])
    if (lists.length > 0 || isOtherRest)
      onChanged([...new Set(isOtherRest ? [...lists, 'resources' as const] : lists)])
  }

  /** Those that are kept from everybody as well: what they are about is not left over for who may have the rest. */
  function templatesNow(): readonly string[] {
    const listed = listing?.kind === 'listed' ? templatesIn(listing.definitions) : []
    return [...new Set([...approved.templates, ...listed])].toSorted()
  }

  /** Tells of each definition once that it is kept from everybody, and once that it is no longer. */
  function report(): void {
    const isTold = ({ reason }: Quarantined): boolean => !isAwaited || reason !== 'new'
    const kept = new Map(
      quarantined()
        .filter(isTold)
        .map((one) => [definitionKey(one), one]),
    )
    const isUnapproved = ({ reason }: Quarantined): boolean => isNeverApproved && reason === 'new'
    for (const [key, definition] of reported)
      if (!kept.has(key))
        told({ kind: 'released', upstream: name, definition, isUnapproved: isUnapproved(definition) })
    isNeverApproved = approved.pinned === undefined
    const news = [...kept].flatMap(([key, definition]) =>
      reported.get(key)?.reason === definition.reason ? [] : [definition],
    )
    for (const definition of news)
      told({ kind: 'quarantined', upstream: name, definition, isUnapproved: isUnapproved(definition) })
    const count = [...kept.values()].filter(isUnapproved).length
    if (news.some(isUnapproved)) told({ kind: 'unapproved', upstream: name, count })
    reported = kept
  }

  function quarantined(): readonly Quarantined[] {
    return [...judged.quarantined, ...parts.quarantined]
  }

  return {
    options,
    parts: () => parts,
    instructions: () => parts.instructions,
    status: () => ({
      name,
      state: live.state(),
      era: connections.era(),
      breaker: connections.breaker(),
      connections: connections.size(),
      inFlight: calls.inFlight(),
      isPinned: approved.pinned !== undefined,
      served: judged.served.length,
      quarantined: quarantined(),
    }),
    approve(next) {
      approved = next
      isAwaited &&= next.pinned === undefined
      update()
    },
    end: (concerns) => connections.end(concerns),
    async close(grace) {
      live.close()
      resources.close()
      clearInterval(sweeping)
      calls.close()
      await connections.close(grace)
    },
    first: live.first,
  }
}

const LIST_OF = { tool: 'tools', prompt: 'prompts', template: 'resources', instructions: undefined } as const

/** What is in one of two lists only, or not the same in both. */
function differing(before: readonly Definition[], after: readonly Definition[]): readonly Definition[] {
  const hashes = (all: readonly Definition[]) => new Map(all.map((one) => [definitionKey(one), one.hash]))
  const [old, young] = [hashes(before), hashes(after)]
  return [...before, ...after].filter((one) => {
    const key = definitionKey(one)
    return old.get(key) !== young.get(key)
  })
}
