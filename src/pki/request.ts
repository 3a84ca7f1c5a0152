import { SallyportError } from '../errors.ts'
import type { Key } from './key.ts'
import { pemBlocks } from './pem.ts'
import { Pkcs10CertificateRequest } from './x509.ts'

/** A certificate request whose signature was verified: who sent it holds the key. */
export interface CertificateRequest {
  readonly publicKey: Key
}

/** No request is longer than this many characters. */
const LONGEST_REQUEST = 16 * 1024

/**
 * Reads a certificate request (PKCS #10, RFC 2986) for an identity that the issuer has named.
 *
 * Fails closed: one that cannot be read, is not signed by its own key, or asks for more than the profile gives is
 * refused, never cut down.
 *
 * @throws SallyportError `CERTIFICATE_REQUEST_REFUSED`
 */
export async function readRequest(pem: string): Promise<CertificateRequest> {
  if (pem.length > LONGEST_REQUEST) throw refused('is too long')
  const [block, ...more] = pemBlocks(pem)
  if (block?.label !== 'CERTIFICATE REQUEST' || more.length > 0)
    throw refused('is not one PEM block of that kind')
  const request = new Pkcs10CertificateRequest(block.der)
  if (!(await request.verify())) throw refused('is not signed by its own key')
  return { publicKey: await request.publicKey.export() }
}

function refused(problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_REQUEST_REFUSED', `the certificate request ${problem}`)
}
