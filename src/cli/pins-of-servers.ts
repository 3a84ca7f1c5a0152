import { SallyportError } from '../errors.ts'
import { createConnect } from '../mcp/upstreams/connect.ts'
import type { Definition, Pins } from '../mcp/upstreams/definition.ts'
import { listDefinitions } from '../mcp/upstreams/list-definitions.ts'
import { listingCapabilities } from '../mcp/upstreams/listing-capabilities.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'

/**
 * What servers of this process have when they are loaded. They are of the operator's own code, as tools in modules are, so
 * that it is approved; what they have later is followed where they run.
 *
 * @throws SallyportError `CATALOG_INVALID` for one that cannot be asked
 */
export async function pinsOfServers(servers: readonly UpstreamOptions[]): Promise<Pins> {
  const entries = await Promise.all(
    servers.map(async (server) => [server.name, await definitionsOf(server)] as const),
  )
  return { upstreams: new Map(entries) }
}

const connect = createConnect(async () => {
  throw new Error('a server of this process needs no other')
})

async function definitionsOf(server: UpstreamOptions): Promise<readonly Definition[]> {
  const { signal } = new AbortController()
  const events = { onListChanged: () => undefined, onLine: () => undefined }
  const clientCapabilities = listingCapabilities(server)
  const connected = await connect(server, { secrets: {}, clientCapabilities, signal }, events)
  if (connected.kind === 'failed') throw unusable(server, connected.why)
  const { connection } = connected
  const listing = await listDefinitions(connection, server.limits)
  await connection.close()
  if (listing.kind === 'failed') throw unusable(server, listing.why)
  return listing.definitions
}

function unusable({ name }: UpstreamOptions, why: string): SallyportError {
  return new SallyportError(
    'CATALOG_INVALID',
    `the server "${name}" of this process cannot be asked what it has: ${why}`,
  )
}
