import type { ProtectableServer, ServerFactory } from '../mcp/upstreams/in-process-connect.ts'
import { protectedServer, type ProtectOptions } from '../mcp/upstreams/in-process.ts'
import type { ListeningPorts } from '../server.ts'
import { configuration } from './configuration.ts'
import { serve } from './serve.ts'

export type { ProtectableServer, ServerFactory } from '../mcp/upstreams/in-process-connect.ts'
export type { ProtectOptions } from '../mcp/upstreams/in-process.ts'
export type { ListeningPorts } from '../server.ts'

/** Both doors in front of a server of this process. */
export interface Door {
  /**
   * Opens both doors; fulfilled when they listen. They close with SIGINT and SIGTERM, as those of `sallyport serve` do.
   *
   * @throws SallyportError with one sentence for each thing that is missing or unfit; nothing is listening then
   */
  listen(): Promise<ListeningPorts>
  /** Closes both, and the server; fulfilled when everything has ended. Rejects as `listen` did. */
  close(): Promise<void>
}

/**
 * Protects an MCP server of this process: an `McpServer` or `Server` of the MCP SDK 2.x or 1.x, or a function that makes
 * one for each connection. It is served as `sallyport serve` would serve it, by the `sallyport.yaml` and the
 * `access.yaml` of the working directory; its tools keep their names and need permissions of the area `app`
 * (`app:search` for the tool `search`), unless the options say otherwise.
 *
 * @throws SallyportError `CONFIGURATION_INVALID`
 */
export async function protect(
  server: ProtectableServer | ServerFactory,
  options: Partial<ProtectOptions> = {},
): Promise<Door> {
  const config = configuration()
  const own = protectedServer(server, { name: 'app', prefix: false, ...options })
  const stop = new AbortController()
  let served: Promise<void> | undefined
  return {
    async listen() {
      const { promise, resolve, reject } = Promise.withResolvers<ListeningPorts>()
      served = serve(config, resolve, { servers: [own], stop: stop.signal })
      served.catch(reject)
      return promise
    },
    async close() {
      stop.abort()
      await served
    },
  }
}
