import type { Assumption, SupposedCaller } from './supposed-caller.ts'

/**
 * Who a caller is and what it proved, for people; assumptions are marked.
 *
 * @param roles that it has; null where that is not known
 * @param at ms since the epoch
 */
export function proofLines(
  { proofs, assumed }: SupposedCaller,
  roles: readonly string[] | null,
  at: number,
): readonly string[] {
  const { principal, methods, authenticatedAt, mfaAt, address, certificate, ceilings } = proofs
  const mark = (what: Assumption): string => (assumed.has(what) ? ' (assumed)' : '')
  const age = ago(at - authenticatedAt)
  return [
    `${principal.id}${roles === null ? '' : roles.length === 0 ? ', without a role' : `, ${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`}`,
    `by ${methods.join(' and ')}${mark('methods')}, proved ${age}${mark('age')}`,
    `second factor: ${mfaAt === undefined ? 'none' : `proved ${ago(at - mfaAt)}`}${mark('mfa')}`,
    `address: ${address ?? `not known${mark('address')}`}`,
    ...(certificate === undefined
      ? []
      : [`certificate: ${certificate.uri ?? 'no URI'}, of ${certificate.issuer}${mark('certificate')}`]),
    ...ceilings.map((ceiling) => `the credential allows at most ${ceiling.join(', ')}`),
  ]
}

/** How long ago, in the largest unit that says enough. */
export function ago(ms: number): string {
  if (ms < 1000) return 'just now'
  const seconds = Math.floor(ms / 1000)
  if (seconds < 120) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`
}
