import type { Config } from '../config/config.ts'
import { createConnect } from '../mcp/upstreams/connect.ts'
import type { Connect } from '../mcp/upstreams/connection.ts'
import { hidingSecrets } from '../mcp/upstreams/hiding-secrets.ts'
import { thisHost } from '../mcp/upstreams/process-this-host.ts'
import { createSpawn } from '../mcp/upstreams/spawn-upstream.ts'
import { ownPaths } from './own-paths.ts'

/** Of processes of upstreams, whatever it is for whoever starts them: what they write is to be read the same everywhere. */
const LANGUAGE = 'C.UTF-8'

/** Connects to the upstreams of a configuration; those that are processes see nothing of what is the installation's own. */
export function upstreamConnect(config: Config): Connect {
  const spawn = createSpawn(thisHost({ own: ownPaths(config), language: LANGUAGE }))
  return hidingSecrets(createConnect(spawn))
}
