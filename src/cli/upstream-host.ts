import type { Config } from '../config/config.ts'
import type { ProcessHost } from '../mcp/upstreams/process-host.ts'
import { thisHost } from '../mcp/upstreams/process-this-host.ts'
import { codePaths } from './code-paths.ts'
import { ownPaths } from './own-paths.ts'

/** Of processes of upstreams, whatever it is for whoever starts them: what they write is to be read the same everywhere. */
const LANGUAGE = 'C.UTF-8'

/** Where processes of upstreams are started: they see nothing of what is the installation's own, and write none of its code. */
export function upstreamHost(config: Config): ProcessHost {
  return thisHost({ own: ownPaths(config), code: codePaths(config), language: LANGUAGE })
}
