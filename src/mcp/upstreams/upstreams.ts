import type { AuthContext } from '../../auth/context.ts'
import type { ListKind } from '../catalog-source.ts'
import type { CatalogParts } from '../catalog.ts'
import { approvedPins, type OwnNames, type UpstreamsWanted } from './approved-pins.ts'
import type { Definition } from './definition.ts'
import type { UpstreamOptions } from './options.ts'
import type { UpstreamEvent, UpstreamPorts } from './ports.ts'
import { parkedCalls } from './parked-calls.ts'
import {
  createUpstream,
  type Approved,
  type Upstream,
  type UpstreamEnds,
  type UpstreamStatus,
} from './upstream.ts'

/** What an upstream says of itself to the clients of those who may use it, as it was approved, marked as its own. */
export interface UpstreamInstructions {
  readonly upstream: string
  readonly text: string
}

/** All upstreams: what is served of them now, and how they are. */
export interface Upstreams {
  /** The same object until something changes. Never waits for an upstream. */
  parts(): CatalogParts
  /** As a catalog does: see `catalog-source.ts`. */
  follow(told: (kinds: readonly ListKind[], principal?: string) => void): () => void
  instructions(): readonly UpstreamInstructions[]
  /** In the order of names. */
  status(): readonly UpstreamStatus[]
  /** Tells of everything that happens, until the function it returns is called. */
  observe(told: (event: UpstreamEvent) => void): () => void
  /**
   * Takes another configuration and other pins. Only what has changed of upstreams is closed: those that are gone, or are
   * reached in another way, let the calls that run end for a moment.
   */
  configure(wanted: UpstreamsWanted): void
  /** Closes the connections of callers who are meant: what is kept for them there ends. */
  end(concerns: (context: AuthContext) => boolean): void
  /** Fulfilled when each was asked once what it lists, or could not be. */
  settled(): Promise<void>
  /** Ends all upstreams and what they run in; fulfilled when they are gone. */
  close(): Promise<void>
}

/** What {@link createUpstreams} takes beside what is wanted. */
export interface UpstreamsPorts extends UpstreamPorts {
  /** What nothing of an upstream may be called. */
  readonly own: OwnNames
  /** Has definitions of an upstream approved, which are then configured; false where nothing is approved unseen. */
  readonly pin?: (upstream: string, definitions: readonly Definition[]) => Promise<boolean>
}

/** Calls of what is closed may run for so many ms. */
const GRACE = 5000

/** Starts upstreams. */
export function createUpstreams(wanted: UpstreamsWanted, ports: UpstreamsPorts): Upstreams {
  const followers = new Set<Parameters<Upstreams['follow']>[0]>()
  const observers = new Set<(event: UpstreamEvent) => void>([ports.told])
  const running = new Map<string, Upstream>()
  const closing = new Set<Promise<void>>()
  /** What was pinned once is not seen for the first time where its pins are gone: a lock file may be cut, or emptied. */
  const everPinned = new Set<string>()
  const parked = parkedCalls(ports)
  const told = (event: UpstreamEvent): void => {
    for (const observer of observers) observer(event)
  }
  const changed: Parameters<Upstreams['follow']>[0] = (...which) => {
    for (const follower of followers) follower(...which)
  }
  const pinned: UpstreamEnds['pin'] = async ({ name }, definitions, news) => {
    if (everPinned.has(name) && running.get(name)?.status().isPinned === false) return false
    try {
      const isPinned = (await ports.pin?.(name, definitions)) ?? false
      if (isPinned) told({ kind: 'pinned', upstream: name, definitions: news })
      return isPinned
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      told({ kind: 'line', upstream: name, line: `its definitions could not be pinned: ${why}` })
      return false
    }
  }
  const start = (options: UpstreamOptions, approved: Approved): void => {
    const ends = { ...ports, told, parked, onChanged: changed, pin: pinned }
    running.set(options.name, createUpstream(options, approved, ends))
  }
  const stop = (upstream: Upstream): void => {
    running.delete(upstream.options.name)
    const closed = upstream.close(GRACE)
    closing.add(closed)
    void closed.finally(() => closing.delete(closed))
  }
  const configure = ({ options, ...rest }: UpstreamsWanted): void => {
    const approved = approvedPins({ options, ...rest }, ports.own)
    for (const name of rest.pins.upstreams.keys()) everPinned.add(name)
    const byName = new Map(options.map((one) => [one.name, one]))
    const before = [...running.values()]
    for (const upstream of before) {
      const next = byName.get(upstream.options.name)
      if (next === undefined || !isSame(upstream.options, next)) stop(upstream)
    }
    let isOther = running.size < before.length
    for (const one of options) {
      const approval = approved.get(one.name) ?? NOTHING
      const known = running.get(one.name)
      if (known !== undefined) known.approve(approval)
      else start(one, approval)
      isOther ||= known === undefined
    }
    if (isOther) changed(['tools', 'prompts', 'resources'])
  }
  configure(wanted)

  let merged: { readonly of: readonly CatalogParts[]; readonly parts: CatalogParts } = { of: [], parts: {} }
  const inOrder = (): readonly Upstream[] =>
    [...running.values()].toSorted((one, other) => (one.options.name < other.options.name ? -1 : 1))
  return {
    parts() {
      const all = inOrder().map((upstream) => upstream.parts())
      const { of } = merged
      if (all.length !== of.length || all.some((parts, index) => parts !== of[index]))
        merged = { of: all, parts: joined(all) }
      return merged.parts
    },
    follow(follower) {
      followers.add(follower)
      return () => followers.delete(follower)
    },
    instructions: () =>
      inOrder().flatMap((upstream) => {
        const text = upstream.instructions()
        return text === undefined ? [] : [{ upstream: upstream.options.name, text }]
      }),
    status: () => inOrder().map((upstream) => upstream.status()),
    observe(observer) {
      observers.add(observer)
      return () => observers.delete(observer)
    },
    configure,
    end(concerns) {
      for (const upstream of running.values()) upstream.end(concerns)
    },
    async settled() {
      await Promise.all([...running.values()].map(async ({ first }) => first))
    },
    async close() {
      parked.close()
      for (const upstream of running.values()) closing.add(upstream.close(0))
      running.clear()
      await Promise.all(closing)
    },
  }
}

const NOTHING: Approved = { pinned: undefined, refused: [], templates: [] }

function joined(all: readonly CatalogParts[]): CatalogParts {
  return {
    tools: all.flatMap(({ tools = [] }) => tools),
    prompts: all.flatMap(({ prompts = [] }) => prompts),
    resources: all.flatMap(({ resources = [] }) => resources),
  }
}

/** Whether two configurations of an upstream are one; all of it is data, but for a server in this process. */
function isSame(one: UpstreamOptions, other: UpstreamOptions): boolean {
  const connectOf = ({ transport }: UpstreamOptions) =>
    transport.kind === 'in-process' ? transport.connect : undefined
  return JSON.stringify(one) === JSON.stringify(other) && connectOf(one) === connectOf(other)
}
