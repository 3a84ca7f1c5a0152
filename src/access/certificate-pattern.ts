import type { CertificateProof } from '../auth/context.ts'
import { compileGlob } from './glob.ts'

/** Which certificates are meant; null for any. */
export interface CertificatePattern {
  /** Of its URI: "*" is any run without "/", "**" any run. */
  readonly uri: string | null
  /** The whole name of its issuer as it stands, as in `CN=Corp CA,O=Corp`: no pattern, since a "*" may be in a name. */
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
  return (certificate) =>
    certificate !== undefined &&
    (uriFits === undefined || (certificate.uri !== null && uriFits(certificate.uri))) &&
    (issuer === null || issuer === certificate.issuer)
}
