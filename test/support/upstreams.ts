import assert from 'node:assert/strict'
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { CatalogParts } from '../../src/mcp/catalog.ts'
import { createConnect } from '../../src/mcp/upstreams/connect.ts'
import type { Connect } from '../../src/mcp/upstreams/connection.ts'
import type { Definition } from '../../src/mcp/upstreams/definition.ts'
import type { ServerFactory } from '../../src/mcp/upstreams/in-process-connect.ts'
import { protectedServer } from '../../src/mcp/upstreams/in-process.ts'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import type { UpstreamEvent } from '../../src/mcp/upstreams/ports.ts'
import { createUpstreams, type Upstreams, type UpstreamsPorts } from '../../src/mcp/upstreams/upstreams.ts'
import { listDefinitions } from '../../src/mcp/upstreams/list-definitions.ts'
import type { Call } from '../../src/mcp/tool.ts'
import { contextOf } from './caller.ts'

/** Upstreams in this process, what they told, and what is pinned of them. */
export interface TestUpstreams {
  readonly upstreams: Upstreams
  readonly events: readonly UpstreamEvent[]
  /** Resolves with the first event that fits, also one that comes later. */
  event<Kind extends UpstreamEvent['kind']>(
    kind: Kind,
    fits?: (event: Extract<UpstreamEvent, { kind: Kind }>) => boolean,
  ): Promise<Extract<UpstreamEvent, { kind: Kind }>>
  /** Calls a tool by its name here; gives the text of the result. */
  call(name: string, principal?: string, more?: Partial<Call>): Promise<string>
  tools(): readonly string[]
}

/** What a test may want otherwise. */
export interface TestUpstreamsOptions {
  readonly pins?: ReadonlyMap<string, readonly Definition[]>
  readonly ports?: Partial<UpstreamsPorts>
}

/** Connects to servers of this process. */
export const connectHere: Connect = createConnect(async () => assert.fail('nothing is started here'))

/** Starts upstreams, with these pins or none. */
export function testUpstreams(
  options: readonly UpstreamOptions[],
  { pins = new Map(), ports = {} }: TestUpstreamsOptions = {},
): TestUpstreams {
  const events: UpstreamEvent[] = []
  const waiting = new Set<() => void>()
  const upstreams = createUpstreams(
    { options, pins: { upstreams: pins }, misfits: [] },
    {
      connect: connectHere,
      secrets: { read: async () => ({}) },
      identify: () => ({ headers: {}, meta: {} }),
      told(event) {
        events.push(event)
        for (const look of waiting) look()
      },
      now: Date.now,
      own: { names: new Set(), schemes: new Set() },
      ...ports,
    },
  )
  return {
    upstreams,
    events,
    async event(kind, fits = () => true) {
      return new Promise((resolve) => {
        const look = (): void => {
          for (const event of events)
            if (isOf(event, kind) && fits(event)) {
              waiting.delete(look)
              return resolve(event)
            }
        }
        waiting.add(look)
        look()
      })
    },
    call: async (name, principal, more) => callTool(upstreams.parts(), name, principal, more),
    tools: () => (upstreams.parts().tools ?? []).map(({ name }) => name),
  }
}

function isOf<Kind extends UpstreamEvent['kind']>(
  event: UpstreamEvent,
  kind: Kind,
): event is Extract<UpstreamEvent, { kind: Kind }> {
  return event.kind === kind
}

async function callTool(
  { tools = [] }: CatalogParts,
  name: string,
  principal = 'user:ada',
  more: Partial<Call> = {},
): Promise<string> {
  const prepared = await tools.find((tool) => tool.name === name)?.prepare({})
  assert.ok(prepared?.kind === 'ready', `${name} is not there`)
  const result = await prepared.run({
    context: contextOf(principal, ['*']),
    requestId: 'request-1',
    signal: new AbortController().signal,
    client: {
      era: '2026-07-28',
      capabilities: {},
      log: () => undefined,
      inputResponses: {},
    },
    ...more,
  })
  const [block] = 'content' in result && Array.isArray(result.content) ? result.content : []
  return block?.type === 'text' ? block.text : JSON.stringify(result)
}

/** What a server lists now. */
export async function definitionsOf(options: UpstreamOptions): Promise<readonly Definition[]> {
  const connected = await connectHere(
    options,
    { secrets: {}, clientCapabilities: {}, signal: new AbortController().signal },
    { onListChanged: () => undefined, onLine: () => undefined },
  )
  assert.ok(connected.kind === 'connected')
  const listing = await listDefinitions(connected.connection, options.limits)
  await connected.connection.close()
  assert.ok(listing.kind === 'listed')
  return listing.definitions
}

/** A server with one tool for each description; what a call says is up to the test. */
export function serverWith(
  tools: Readonly<Record<string, string>>,
  run: (tool: string) => string | Promise<string> = (tool) => tool,
  made: (server: McpServer) => void = () => undefined,
): ServerFactory {
  return () => {
    const server = new McpServer({ name: 'test', version: '1' })
    for (const [name, description] of Object.entries(tools))
      server.registerTool(name, { description, inputSchema: z.object({}) }, async () => ({
        content: [{ type: 'text', text: await run(name) }],
      }))
    made(server)
    return server
  }
}

/** Options of an upstream in this process. */
export function upstreamIn(
  name: string,
  factory: ServerFactory,
  more: Partial<UpstreamOptions> = {},
): UpstreamOptions {
  return { ...protectedServer(factory, { name }), ...more }
}
