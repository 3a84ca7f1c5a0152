import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { createConnect } from '../mcp/upstreams/connect.ts'
import type { Connect } from '../mcp/upstreams/connection.ts'
import { thisHost } from '../mcp/upstreams/process-this-host.ts'
import { createSpawn } from '../mcp/upstreams/spawn-upstream.ts'

/** Of processes of upstreams, whatever it is for whoever starts them: what they write is to be read the same everywhere. */
const LANGUAGE = 'C.UTF-8'

/** Connects to the upstreams of a configuration; those that are processes see nothing of what is the installation's own. */
export function upstreamConnect(config: Config): Connect {
  return createConnect(createSpawn(thisHost({ own: ownPaths(config), language: LANGUAGE })))
}

/** Files and folders that are no business of an upstream: keys, secrets, store, trail, policy and configuration. */
function ownPaths(config: Config): readonly string[] {
  const { file, tls, certificates, access, pins, audit, sessions, auditTrail, identity, issuer } = config
  const given = [
    file,
    tls.key,
    sessions.secretFile,
    sessions.factorKeyFile,
    auditTrail.keyFile,
    identity.keyFile,
    ...(config.store.kind === 'sqlite' ? [dirname(config.store.path)] : []),
  ]
  return [
    certificates,
    access,
    pins.file,
    audit,
    dirname(audit),
    issuer.socket,
    ...given.filter((path) => path !== null),
  ]
}
