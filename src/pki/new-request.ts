import { signingAlgorithm, type KeyPair } from './key.ts'
import { pemOf } from './pem.ts'
import { Pkcs10CertificateRequestGenerator } from './x509.ts'

/**
 * A certificate request (PKCS #10, RFC 2986) that says nothing but which key it is for, and proves that it is held:
 * whom the certificate names is the issuer's to say.
 *
 * @returns PEM
 */
export async function newRequest(keys: KeyPair): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: signingAlgorithm(keys.privateKey),
  })
  return pemOf('CERTIFICATE REQUEST', new Uint8Array(request.rawData))
}
