import { createConnect } from '../mcp/upstreams/connect.ts'
import type { Connect } from '../mcp/upstreams/connection.ts'
import { hidingSecrets } from '../mcp/upstreams/hiding-secrets.ts'
import type { ProcessHost } from '../mcp/upstreams/process-host.ts'
import { createSpawn } from '../mcp/upstreams/spawn-upstream.ts'

/** Connects to upstreams; those that are processes are started on this host. */
export function upstreamConnect(host: ProcessHost): Connect {
  return hidingSecrets(createConnect(createSpawn(host)))
}
