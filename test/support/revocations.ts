import { X509Certificate } from 'node:crypto'
import { keyDigestOf, type RevokedCertificate } from '../../src/auth/revocation.ts'

/** What the live list says of a certificate (PEM: the leaf, maybe more) when it is revoked. */
export function revokedOf(issuerPem: string, pem: string): RevokedCertificate {
  const { serialNumber, validToDate } = new X509Certificate(pem)
  const issuer = keyDigestOf(new X509Certificate(issuerPem))
  return { kind: 'certificate', issuer, serial: serialNumber, until: validToDate.getTime() }
}
