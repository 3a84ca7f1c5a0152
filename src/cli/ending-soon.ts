import { nameOf } from '../config/certificate-file.ts'
import type { RevocationList } from '../pki/read-crl.ts'

/** Something that ends soon, or has ended. */
export interface Ending {
  /** As readiness says it. */
  readonly kind: 'server certificate ends soon' | 'revocation list ends soon'
  /** What, when, and what to do. */
  readonly message: string
}

/** So long before the server certificate ends it is said, in ms. */
const NOTICE = 14 * 86_400_000

/**
 * What ends soon: the server certificate from 14 days before its end, a revocation list from two thirds of its life.
 *
 * @param certificateEndsAt ms since the epoch
 * @param now ms since the epoch
 */
export function endingSoon(
  certificateEndsAt: number,
  lists: readonly Pick<RevocationList, 'issuer' | 'thisUpdate' | 'nextUpdate'>[],
  now: number,
): readonly Ending[] {
  const certificate: Ending = {
    kind: 'server certificate ends soon',
    message: `the server certificate ends at ${iso(certificateEndsAt)}: "npm run issue-server-cert -- --replace" makes a new one, which is taken while the server runs`,
  }
  return [
    ...(now >= certificateEndsAt - NOTICE ? [certificate] : []),
    ...lists.filter((list) => isLate(list, now)).map(listEnding),
  ]
}

function isLate(
  { thisUpdate, nextUpdate }: Pick<RevocationList, 'thisUpdate' | 'nextUpdate'>,
  now: number,
): boolean {
  return now >= thisUpdate + ((nextUpdate - thisUpdate) * 2) / 3
}

function listEnding({ issuer, nextUpdate }: Pick<RevocationList, 'issuer' | 'nextUpdate'>): Ending {
  return {
    kind: 'revocation list ends soon',
    message: `the revocation list of "${nameOf(issuer)}" ends at ${iso(nextUpdate)}, and then nobody of that CA is let in: have it signed anew ("npx sallyport issuer" does for our own CA)`,
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
