import type { CertificateProof } from '../auth/context.ts'
import { compileGlob } from './glob.ts'

/** Which certificates are meant; null for any. */
export interface CertificatePattern {
  /** Of its URI: "*" is any run without "/", "**" any run. */
  readonly uri: string | null
  /** Of the whole name of its issuer, as in `CN=Corp CA,O=Corp`: "*" is any run, since names have no segments. */
  readonly issuer: string | null
}

/**
 * Makes the test of a certificate.
 *
 * Fails closed: no certificate never fits, nor does one without a URI where a URI is asked for.
 */
export function certificateTest({
  uri,
  issuer,
}: CertificatePattern): (certificate: CertificateProof | undefined) => boolean {
  const uriFits = uri === null ? undefined : compileGlob(uri)
  const issuerFits = issuer === null ? undefined : compileGlob(issuer.replace(/\*+/g, '**'))
  return (certificate) =>
    certificate !== undefined &&
    (uriFits === undefined || (certificate.uri !== null && uriFits(certificate.uri))) &&
    (issuerFits === undefined || issuerFits(certificate.issuer))
}
