import type { X509Certificate } from 'node:crypto'
import { certificatesIn, fileFaults, isSignedBy, nameOf, validityFaults } from './certificate-file.ts'
import type { InstalledFile } from './installed-file.ts'

/**
 * What is wrong with the certificates that clients are checked against.
 *
 * @param now ms since the epoch
 * @param isInForce whether a certificate is trusted already: that its time is over then is no fault of the file
 */
export function chainFaults(
  roots: InstalledFile,
  issuers: InstalledFile,
  now: number,
  isInForce: (certificate: X509Certificate) => boolean,
): string[] {
  const anchors = certificatesIn(roots)
  const issuing = certificatesIn(issuers)
  const ended = (certificate: X509Certificate, file: InstalledFile): string[] =>
    isInForce(certificate) ? [] : validityFaults(certificate, file, now, 'put the valid ones there')
  return [
    ...fileFaults(roots, anchors),
    ...fileFaults(issuers, issuing),
    ...anchors.flatMap((certificate) => ended(certificate, roots)),
    ...issuing.flatMap((certificate) => ended(certificate, issuers)),
    ...(anchors.length === 0
      ? []
      : issuing.flatMap((issuer) => pathFaults(issuer, anchors, issuing, issuers))),
  ]
}

function pathFaults(
  issuer: X509Certificate,
  anchors: readonly X509Certificate[],
  issuing: readonly X509Certificate[],
  { path }: InstalledFile,
): string[] {
  if (leadsTo(anchors, issuer, issuing)) return []
  return [
    `the issuing certificate "${nameOf(issuer)}" in ${path} was signed by none of the roots: ` +
      'put its root into trust.roots, or take it out',
  ]
}

/**
 * Whether a certificate is a root, or was signed by one directly or through other issuing certificates. Each of those
 * is looked at once, however many copies of it there are and whoever certified whom.
 */
function leadsTo(
  anchors: readonly X509Certificate[],
  certificate: X509Certificate,
  issuing: readonly X509Certificate[],
): boolean {
  const reached = [certificate]
  for (const one of reached) {
    if (anchors.some((anchor) => anchor.raw.equals(one.raw) || isSignedBy(one, anchor))) return true
    const above = issuing.filter((other) => !reached.some(({ raw }) => raw.equals(other.raw)))
    reached.push(...above.filter((other) => isSignedBy(one, other)))
  }
  return false
}
