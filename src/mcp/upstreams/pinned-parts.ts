import type { CatalogParts } from '../catalog.ts'
import { approvedPins, type OwnNames, type UpstreamsWanted } from './approved-pins.ts'
import type { UpstreamCalls } from './calls.ts'
import { parkedCalls } from './parked-calls.ts'
import { relayed } from './relayed.ts'

/** What would be served of upstreams by what is pinned of them: to be looked at only, none of it reaches anything. */
export function pinnedParts(wanted: UpstreamsWanted, own: OwnNames): CatalogParts {
  const approved = approvedPins(wanted, own)
  const ports = { told: () => undefined, parked: parkedCalls({ now: Date.now }), own }
  const parts = wanted.options.map((options) =>
    relayed(options, approved.get(options.name)?.pinned ?? [], NO_CALLS, ports),
  )
  return {
    tools: parts.flatMap(({ tools }) => tools),
    prompts: parts.flatMap(({ prompts }) => prompts),
    resources: parts.flatMap(({ resources }) => resources),
  }
}

const NO_CALLS: UpstreamCalls = {
  request: async () => ({ kind: 'down', sent: false, why: 'upstreams are not connected here' }),
  capabilitiesFor: () => ({}),
  watch: () => () => undefined,
}
