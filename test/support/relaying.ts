import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { UpstreamCalls } from '../../src/mcp/upstreams/calls.ts'
import type { UpstreamAnswer } from '../../src/mcp/upstreams/connection.ts'
import type { Definition, DefinitionKind } from '../../src/mcp/upstreams/definition.ts'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import { parkedCalls } from '../../src/mcp/upstreams/parked-calls.ts'
import type { UpstreamEvent } from '../../src/mcp/upstreams/ports.ts'
import { relayed, type Relayed } from '../../src/mcp/upstreams/relayed.ts'
import type { Call } from '../../src/mcp/tool.ts'
import { upstreamOptions } from './dialed.ts'

/** An upstream `wiki` that may ask everything, in this process. */
export function wiki(more: Partial<UpstreamOptions> = {}): UpstreamOptions {
  const transport = { kind: 'in-process', connect: async () => undefined } as const
  return {
    ...upstreamOptions(transport, { asks: ['elicitation/create', 'sampling/createMessage', 'roots/list'] }),
    ...more,
  }
}

/** A definition as it would be pinned. */
export function pinned(kind: DefinitionKind, name: string, value: Record<string, unknown> = {}): Definition {
  const schema = kind === 'tool' ? { inputSchema: { type: 'object' } } : {}
  return { kind, name, value: { name, ...schema, ...value }, hash: `sha256:${'0'.repeat(64)}` }
}

/** What one call to an upstream is, and what it gives the upstream. */
export type Sent = Parameters<UpstreamCalls['request']>[1] & { readonly call: Call }

/** What is relayed to an upstream that the test plays. */
export interface Relaying extends Relayed {
  readonly sent: readonly Sent[]
  readonly events: readonly UpstreamEvent[]
  readonly watched: string[]
}

export interface RelayingOptions extends Partial<UpstreamOptions> {
  readonly definitions?: readonly Definition[]
  readonly capabilities?: ClientCapabilities
  readonly answer: (sent: Sent) => UpstreamAnswer | Promise<UpstreamAnswer>
}

/** Relays to `answer`: for what is a matter of mapping alone. */
export function relaying({
  definitions = [],
  capabilities = {},
  answer,
  ...options
}: RelayingOptions): Relaying {
  const sent: Sent[] = []
  const events: UpstreamEvent[] = []
  const watched: string[] = []
  const calls: UpstreamCalls = {
    async request(call, request) {
      const one = { ...request, call }
      sent.push(one)
      return answer(one)
    },
    capabilitiesFor: () => capabilities,
    watch(_context, uri, changed) {
      watched.push(uri)
      changed()
      return () => void watched.splice(watched.indexOf(uri), 1)
    },
  }
  const ports = {
    told: (event: UpstreamEvent) => void events.push(event),
    parked: parkedCalls({ now: Date.now }),
    own: { schemes: new Set<string>() },
  }
  return { ...relayed(wiki(options), definitions, calls, ports), sent, events, watched }
}
