import { upstreamSecretKeys } from './login/factor-keys.ts'
import { keyRing } from './login/key-ring.ts'
import { recentSecrets } from './login/recent-secrets.ts'
import { secretVault, type SecretVault } from './login/secret-vault.ts'
import type { UpstreamSecrets } from './mcp/upstreams/ports.ts'
import type { Store } from './store/store.ts'

/** What a vault of secrets is made of. */
export interface VaultParts {
  readonly store: Pick<Store, 'secrets'>
  /** Newest first. */
  readonly factorKeys: readonly string[]
  /** Ms since the epoch. */
  readonly now: () => number
  /** Takes a sentence for the operator, about a secret that cannot be opened. */
  readonly tell: (sentence: string) => void
}

/**
 * The vault of what principals keep for upstreams: for upstreams to read, for people to fill. One for both, so that what
 * is changed on a page counts with the next call.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` for factor keys that are none
 */
export function vaultSecrets({ store, factorKeys, now, tell }: VaultParts): SecretVault & UpstreamSecrets {
  const ring = keyRing(upstreamSecretKeys(factorKeys))
  return recentSecrets(secretVault({ entries: store.secrets, ring, now, tell }), now)
}
