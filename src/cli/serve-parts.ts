import { dirname, join } from 'node:path'
import { argumentsRecorder, type ArgumentsRecorder } from '../audit/recorded-arguments.ts'
import type { FileAuditSink } from '../audit/sink.ts'
import type { Surface } from '../access/surface.ts'
import type { IdentityKeys } from '../auth/identity-keys.ts'
import type { Config } from '../config/config.ts'
import type { CatalogParts } from '../mcp/catalog.ts'
import type { Store } from '../store/store.ts'
import { auditKey } from './audit-keys.ts'
import { catalogSurface } from './catalog-surface.ts'
import { crlNumbers } from './crl-numbers.ts'
import { followedTrust } from './followed-trust.ts'
import { stopFollowing, type Followed } from './hot-reload.ts'
import { identityKeysOf } from './identity-keys.ts'
import { openAudit } from './open-audit.ts'
import { policyFile } from './policy-file.ts'
import { serverCertificate } from './server-certificate.ts'
import { storeOf } from './store-of.ts'

/** What a server is composed of beside its settings; each has to be let go of. */
export interface ServeParts {
  readonly audit: FileAuditSink
  readonly recordArguments: ArgumentsRecorder
  readonly identity: IdentityKeys
  readonly catalog: CatalogParts
  readonly followed: Followed
  readonly store: Store
}

/**
 * Opens what a server needs.
 *
 * @param now ms since the epoch
 * @param onProblem told when a copy of the audit trail fails, and when it works again
 * @throws SallyportError with what is missing or unfit
 */
export async function openServeParts(
  config: Config,
  now: () => number,
  onProblem: (problem: string) => void,
): Promise<ServeParts> {
  const catalog = await catalogSurface(config)
  const followed = await openFollowed(config, catalog.surface, now)
  const key = await auditKey(config)
  const recordArguments = argumentsRecorder({ key, rules: config.auditTrail.arguments })
  const identity = await identityKeysOf(config)
  const audit = await openAudit(config, onProblem)
  return { audit, recordArguments, identity, catalog: catalog.parts, followed, store: await storeOf(config) }
}

/** The files that a server follows. */
export async function openFollowed(config: Config, surface: Surface, now: () => number): Promise<Followed> {
  // Beside the audit trail: the server can write there, and it outlives the server.
  const numbers = await crlNumbers(join(dirname(config.audit), 'crl-numbers.json'))
  const trust = await followedTrust(config, { numbers, now })
  const certificate = await serverCertificate(config, now)
  return { policy: await policyFile(config.access, surface), certificate, trust, numbers }
}

/** Lets go of everything. */
export async function closeServeParts({ audit, followed, store }: ServeParts): Promise<void> {
  stopFollowing(followed)
  try {
    await store.close()
  } finally {
    // What waits for the disk is written, whatever became of the store.
    await audit.close()
  }
}
