import type { Config } from '../config/config.ts'
import { homesOf } from './upstream-options.ts'

/**
 * Files and folders that are no business of an upstream: keys, secrets, store, trail and what vouches for it, policy and
 * configuration, and what is another upstream's: its secrets, and its home, where programs that it runs may lie.
 */
export function ownPaths(config: Config): readonly string[] {
  const { file, tls, certificates, access, pins, audit, sessions, auditTrail, identity, issuer, redis } =
    config
  const upstreams = config.upstreams()
  const perhaps = [
    file,
    sessions.secretFile,
    sessions.factorKeyFile,
    auditTrail.keyFile,
    auditTrail.signingKeyFile,
    identity.keyFile,
    redis.tls.key,
    redis.sentinel.passwordFile,
    config.store.kind === 'sqlite' ? config.store.path : null,
    ...auditTrail.anchors.flatMap(filesOf),
    ...auditTrail.sinks.flatMap(filesOf),
    ...upstreams.map((upstream) => upstream.settings().tls?.key),
    ...upstreams.flatMap((upstream) => upstream.secretFiles()),
  ]
  const own = [tls.key, certificates, access, pins.file, audit, homesOf(config), issuer.socket]
  return [...own, ...perhaps.filter((path) => path !== null && path !== undefined)]
}

type Outlet = Config['auditTrail']['anchors' | 'sinks'][number]

/** Where a copy of the trail, or of its state, is written, and the key that it is sent by. */
function filesOf(outlet: Outlet): readonly (string | undefined)[] {
  return ['path' in outlet ? outlet.path : undefined, 'key' in outlet ? outlet.key : undefined]
}
