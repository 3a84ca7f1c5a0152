import { KeyObject, sign, webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, X509CertificateGenerator } from '../../src/pki/x509.ts'
import type { CborValue } from './cbor.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** The attestation of a maker of authenticators (WebAuthn Level 3, section 8.2), with a certificate of its own. */
export async function certifiedStatement(): Promise<(signed: Buffer) => ReadonlyMap<string, CborValue>> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'C=DE, O=Test, OU=Authenticator Attestation, CN=Test Authenticator',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new BasicConstraintsExtension(false)],
  })
  const key = KeyObject.from(keys.privateKey)
  return (signed) =>
    new Map<string, CborValue>([
      ['alg', -7],
      ['sig', sign('sha256', signed, key)],
      ['x5c', [Buffer.from(certificate.rawData)]],
    ])
}
