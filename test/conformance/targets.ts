import { protectedServer } from '../../src/mcp/upstreams/in-process.ts'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import { openServers } from '../../src/open-servers.ts'
import { startServer } from '../support/server.ts'
import { conformanceServers } from './conformance-server.ts'
import { startForwarder } from './forwarder.ts'
import { serveHttp } from './serve-http.ts'

/** What the conformance tool runs against: on plain HTTP, since it has no client certificate. */
export interface Target {
  readonly url: string
  close(): Promise<void>
}

/** The names are literal, so no prefix may be in front of them. */
const OPTIONS = { name: 'conformance', prefix: false } as const

/** The fixture itself, in the process of a server, and as an upstream of a server. */
export const TARGETS = {
  fixture: async (): Promise<Target> => serveHttp(conformanceServers()),
  'in-process': async (): Promise<Target> => behindTheDoor(protectedServer(conformanceServers(), OPTIONS)),
  gateway: async (): Promise<Target> => {
    const fixture = await serveHttp(conformanceServers())
    const url = new URL(fixture.url)
    const target = await behindTheDoor({
      ...protectedServer(conformanceServers(), OPTIONS),
      transport: { kind: 'http', url, headers: {}, tls: { pins: [] } },
    })
    return {
      url: target.url,
      close: async () => {
        await target.close()
        await fixture.close()
      },
    }
  },
} as const

export type TargetName = keyof typeof TARGETS

/** A whole server with real client certificates, and a forwarder that has one which may do everything. */
async function behindTheDoor(upstream: UpstreamOptions): Promise<Target> {
  const forwarder = await startForwarder()
  // The scenario of DNS rebinding comes with the origin of the address that it speaks to.
  const upstreams = await openServers([upstream])
  const server = await startServer({ upstreams, origins: [forwarder.origin] })
  const client = await server.authority.client('admin-cli')
  forwarder.forwardTo(server.ports.certificates, { ...client, ca: server.authority.rootPem })
  return {
    url: `${forwarder.origin}/mcp`,
    close: async () => {
      await forwarder.close()
      await server.close()
      await upstreams.close()
    },
  }
}
