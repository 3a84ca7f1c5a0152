/**
 * Why certificates are revoked, in the words of RFC 5280, 5.3.1, with their codes. Left out: what would be a CA's, and
 * what would take a revocation back.
 */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const

export type RevocationReason = keyof typeof REVOCATION_REASONS

/** Whether `text` is such a reason. */
export function isRevocationReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text)
}
