import { X509Certificate } from 'node:crypto'
import type { Trust } from './auth/certificate.ts'
import { SallyportError } from './errors.ts'
import { pemBlocks } from './pki/pem.ts'
import { parseRevocationLists, type RevocationList } from './pki/crl.ts'

/** What is trusted, as PEM text. */
export interface TrustMaterial {
  readonly trustDomain: string
  readonly roots: string
  /** The CAs whose client certificates are believed. */
  readonly issuers: string
  /** One list of each CA, roots included. */
  readonly revocationLists: string
}

/**
 * Reads what is trusted. Another call gives another object: another trust epoch.
 *
 * Fails closed: an issuer without a revocation list whose signature verifies is an error, not an issuer whose
 * certificates are all good; one that is on the list of the CA above it is not trusted.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export async function readTrust(material: TrustMaterial): Promise<Trust> {
  const issuers = certificatesIn(material.issuers)
  const authorities = [...issuers, ...certificatesIn(material.roots)]
  const lists = await parseRevocationLists(material.revocationLists, authorities)
  return Object.freeze({
    trustDomain: material.trustDomain,
    issuers: issuers
      .map((certificate) => {
        const list = lists.find(({ issuer }) => issuer.fingerprint256 === certificate.fingerprint256)
        if (list === undefined) throw missingList(certificate)
        return { certificate, nextUpdate: list.nextUpdate, revoked: list.revoked }
      })
      .filter(({ certificate }) => !lists.some((list) => isOn(list, certificate))),
  })
}

/** A serial number means something only beside the CA that gave it (RFC 5280, 4.1.2.2). */
function isOn({ issuer, revoked }: RevocationList, certificate: X509Certificate): boolean {
  return revoked.has(certificate.serialNumber) && certificate.checkIssued(issuer)
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  return pemBlocks(pem).map(({ der }) => new X509Certificate(der))
}

function missingList(certificate: X509Certificate): SallyportError {
  const name = certificate.subject.replaceAll('\n', ', ')
  return new SallyportError(
    'CERTIFICATE_INVALID',
    `there is no revocation list of the CA "${name}": sign one`,
  )
}
