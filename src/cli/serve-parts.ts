import { dirname, join } from 'node:path'
import type { IdentityKeys } from '../auth/identity-keys.ts'
import { argumentsRecorder, type ArgumentsRecorder } from '../audit/recorded-arguments.ts'
import type { FileAuditSink } from '../audit/sink.ts'
import type { Config } from '../config/config.ts'
import type { SecretVault } from '../login/secret-vault.ts'
import type { CatalogParts } from '../mcp/catalog.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { ProcessHost } from '../mcp/upstreams/process-host.ts'
import type { Upstreams } from '../mcp/upstreams/upstreams.ts'
import type { Store } from '../store/store.ts'
import { vaultSecrets } from '../vault-secrets.ts'
import { auditKey } from './audit-keys.ts'
import { ownCatalog, type OwnCatalog } from './catalog-surface.ts'
import { crlNumbers } from './crl-numbers.ts'
import { followedTrust } from './followed-trust.ts'
import { stopFollowing, type Followed, type ReloadLog } from './hot-reload.ts'
import { identityKeysOf } from './identity-keys.ts'
import { openAudit } from './open-audit.ts'
import { policyFile } from './policy-file.ts'
import { serverCertificate } from './server-certificate.ts'
import { storeOf } from './store-of.ts'
import { upstreamConnect } from './upstream-connect.ts'
import { upstreamFiles } from './upstream-files.ts'
import { upstreamHost } from './upstream-host.ts'
import { openUpstreams } from './open-upstreams.ts'

/** What a server is composed of beside its settings; each has to be let go of. */
export interface ServeParts {
  readonly audit: FileAuditSink
  readonly recordArguments: ArgumentsRecorder
  readonly catalog: CatalogParts
  readonly followed: Followed
  readonly store: Store
  readonly identity: IdentityKeys
  readonly vault: SecretVault
  readonly upstreams: Upstreams
}

/** What {@link openServeParts} takes beside the configuration. */
export interface ServeGround {
  /** Ms since the epoch. */
  readonly now: () => number
  readonly log: ReloadLog
  /** Servers of this process beside those of modules. */
  readonly servers?: readonly UpstreamOptions[] | undefined
  /** Reads the configuration again. */
  readonly read: () => Config
}

/**
 * Opens what a server needs.
 *
 * @throws SallyportError with what is missing or unfit
 */
export async function openServeParts(config: Config, ground: ServeGround): Promise<ServeParts> {
  const { now, log } = ground
  const tell = (problem: string): void => log.warn({}, problem)
  const own = await ownCatalog(config, ground.servers)
  const host = upstreamHost(config)
  const followed = await openFollowed(config, own, { ...ground, host })
  const key = await auditKey(config)
  const recordArguments = argumentsRecorder({ key, rules: config.auditTrail.arguments })
  const audit = await openAudit(config, tell)
  const store = await storeOf(config)
  const identity = await identityKeysOf(config)
  const vault = vaultSecrets({ store, factorKeys: config.factorKeys(), now, tell })
  const connect = upstreamConnect(host)
  const ports = { audit, log, now, vault, signer: identity, followed, connect }
  const upstreams = openUpstreams(config, own, ports)
  return { audit, recordArguments, catalog: own.parts, followed, store, identity, vault, upstreams }
}

/**
 * The files that a server follows.
 *
 * @param ground its `host` is where processes are to be kept apart; `undefined` where none is to be started
 */
export async function openFollowed(
  config: Config,
  own: OwnCatalog,
  { now, read, host }: Pick<ServeGround, 'now' | 'read'> & { readonly host: ProcessHost | undefined },
): Promise<Followed> {
  // Beside the audit trail: the server can write there, and it outlives the server.
  const numbers = await crlNumbers(join(dirname(config.audit), 'crl-numbers.json'))
  const trust = await followedTrust(config, { numbers, now })
  const certificate = await serverCertificate(config, now)
  const upstreams = await upstreamFiles(config, own, read, host)
  const policy = await policyFile(config.access, upstreams.current().surface())
  return { policy, certificate, trust, upstreams, numbers }
}

/** Lets go of everything. */
export async function closeServeParts({
  audit,
  followed,
  store,
  upstreams,
}: Pick<ServeParts, 'audit' | 'followed' | 'store'> & Partial<Pick<ServeParts, 'upstreams'>>): Promise<void> {
  stopFollowing(followed)
  try {
    await upstreams?.close()
    await store.close()
  } finally {
    // What waits for the disk is written, whatever became of the store.
    await audit.close()
  }
}
