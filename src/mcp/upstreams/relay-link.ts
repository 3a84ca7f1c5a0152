import type { UpstreamCalls } from './calls.ts'
import type { UpstreamOptions } from './options.ts'
import type { ParkedCalls } from './parked-calls.ts'
import type { UpstreamPorts } from './ports.ts'
import type { ResultScanner } from './scan-result.ts'
import type { UpstreamUris } from './upstream-uri.ts'

/** What relaying needs from outside. */
export interface RelayPorts extends Pick<UpstreamPorts, 'told'> {
  /** One for all upstreams, and for as long as the server runs: its bounds are those of a principal. */
  readonly parked: ParkedCalls
  /** Schemes of URIs that are our own: nothing of an upstream begins so. */
  readonly own: { readonly schemes: ReadonlySet<string> }
  /** Looks at results before callers get them; by the rules of the options unless given. */
  readonly scanner?: ResultScanner
  /** A principal was listed no resources while the upstream was slow, and there are some. */
  readonly onLate?: (principal: string) => void
}

/** One upstream, as what is relayed to it has it. */
export interface RelayLink {
  readonly options: UpstreamOptions
  readonly calls: UpstreamCalls
  readonly told: UpstreamPorts['told']
  readonly parked: ParkedCalls
  readonly scanner: ResultScanner | undefined
  readonly uris: UpstreamUris
}
