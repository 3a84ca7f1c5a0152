import type { Config } from '../config/config.ts'
import { createConnect } from '../mcp/upstreams/connect.ts'
import type { Connect } from '../mcp/upstreams/connection.ts'
import { thisHost } from '../mcp/upstreams/process-this-host.ts'
import { createSpawn } from '../mcp/upstreams/spawn-upstream.ts'
import { homesOf } from './upstream-options.ts'

/** Of processes of upstreams, whatever it is for whoever starts them: what they write is to be read the same everywhere. */
const LANGUAGE = 'C.UTF-8'

/** Connects to the upstreams of a configuration; those that are processes see nothing of what is the installation's own. */
export function upstreamConnect(config: Config): Connect {
  return createConnect(createSpawn(thisHost({ own: ownPaths(config), language: LANGUAGE })))
}

/**
 * Files and folders that are no business of an upstream: keys, secrets, store, trail, policy and configuration, and what
 * is another upstream's: its secrets, and its home, where programs that it runs may lie.
 */
export function ownPaths(config: Config): readonly string[] {
  const { file, tls, certificates, access, pins, audit, sessions, auditTrail, identity, issuer, redis } =
    config
  const perhaps = [
    file,
    sessions.secretFile,
    sessions.factorKeyFile,
    auditTrail.keyFile,
    identity.keyFile,
    redis.tls.key,
    redis.sentinel.passwordFile,
    config.store.kind === 'sqlite' ? config.store.path : null,
    ...config.upstreams().flatMap((upstream) => [upstream.settings().tls?.key, ...upstream.secretFiles()]),
  ]
  const own = [tls.key, certificates, access, pins.file, audit, homesOf(config), issuer.socket]
  return [...own, ...perhaps.filter((path) => path !== null && path !== undefined)]
}
