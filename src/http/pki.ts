import type { Principal } from '../auth/principal.ts'
import type { Issuer } from './issuer.ts'
import type { RateLimit } from './rate-limit.ts'

/** What a listener has of the CA: certificates renewed and enrolled by the issuer, and the root. */
export interface Pki {
  /** Absent means that there is none: 503. */
  readonly issuer: Issuer | undefined
  /** The certificate of our own root, PEM. */
  readonly root: string | undefined
  /** Whether a principal may hold no certificate any more. Rejects with `STORE_UNAVAILABLE`. */
  readonly isDisabled: (principal: Principal) => Promise<boolean>
  /** By principal. */
  readonly renewals: RateLimit
  /** By the caller's network. */
  readonly enrolments: RateLimit
}
