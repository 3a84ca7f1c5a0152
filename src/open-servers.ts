import { ownNamesOf } from './mcp/upstreams/approved-pins.ts'
import { createConnect } from './mcp/upstreams/connect.ts'
import type { Definition } from './mcp/upstreams/definition.ts'
import type { UpstreamOptions } from './mcp/upstreams/options.ts'
import type { UpstreamEvent } from './mcp/upstreams/ports.ts'
import { createUpstreams, type Upstreams } from './mcp/upstreams/upstreams.ts'
import { serverCatalog } from './server-catalog.ts'
import { OFFLINE_NOTES } from './tools/offline-notes.ts'

/**
 * Opens servers of this process, for `createServer({ upstreams })`: what each lists is served, also
 * what it has later on. Fulfilled when all were asked; one that could not be is asked again later.
 *
 * There is no lock file here: whatever is no server of this process is trusted by what it lists first, until this
 * process ends; it is told nothing of who calls, and gets no secret of anybody.
 *
 * @param servers what `protectedServer` made
 * @param now ms since the epoch
 * @param told hears what happens to them: what is quarantined, what fails, what is up or down; may not throw
 */
export async function openServers(
  servers: readonly UpstreamOptions[],
  now: () => number = Date.now,
  told: (event: UpstreamEvent) => void = () => undefined,
): Promise<Upstreams> {
  const listed = new Map<string, readonly Definition[]>()
  const wanted = () => ({ options: servers, pins: { upstreams: listed }, misfits: [] })
  const upstreams = createUpstreams(wanted(), {
    connect: createConnect(async () => {
      throw new Error('no process is started here')
    }),
    secrets: { read: async () => ({}) },
    identify: () => ({ headers: {}, meta: {} }),
    told,
    now: () => performance.now(),
    own: ownNamesOf(serverCatalog(OFFLINE_NOTES, undefined, now)),
    async pin(name, definitions) {
      listed.set(name, definitions)
      upstreams.configure(wanted())
      return true
    },
  })
  await upstreams.settled()
  return upstreams
}
