import { X509Certificate } from 'node:crypto'
import type { TrustedIssuer } from './auth/certificate.ts'
import { issuerChain, type IssuerChain } from './auth/issuer-chain.ts'
import type { IssuerRule } from './auth/mapping.ts'
import { keyDigestOf } from './auth/revocation.ts'
import { SallyportError } from './errors.ts'
import { parseRevocationLists, type RevocationList } from './pki/read-crl.ts'
import { pemBlocks } from './pki/pem.ts'

/** What one bundle of CAs is trusted by. */
export interface IssuerMaterial {
  readonly roots: string
  readonly issuers: string
  /** Null does without. */
  readonly revocationLists: string | null
  /** Hex SHA-256 of public keys. */
  readonly pins: readonly string[]
}

/** More CAs than any bundle needs; the paths between them are searched. */
const MOST_AUTHORITIES = 32

/** The issuers of one bundle, and the revocation lists that speak about them. */
export interface TrustedIssuers {
  readonly issuers: readonly TrustedIssuer[]
  readonly lists: readonly RevocationList[]
  /** Those of its CAs about which no list speaks, where there are lists. */
  readonly unlisted: readonly X509Certificate[]
}

/**
 * The issuers of one bundle, each with its way to a root and with what the lists say. One that is revoked, or leads to
 * the roots through such a one alone, is not among them.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export async function trustedIssuers(material: IssuerMaterial, rule: IssuerRule): Promise<TrustedIssuers> {
  const [roots, issuers] = [certificatesIn(material.roots), certificatesIn(material.issuers)]
  const authorities = [...issuers, ...roots]
  const lists =
    material.revocationLists === null ? [] : await parseRevocationLists(material.revocationLists, authorities)
  const isGood = (certificate: X509Certificate): boolean => !lists.some((list) => isOn(list, certificate))
  const trusted = issuers.flatMap((certificate) => {
    const own = listOf(certificate, lists)
    if (own === undefined && material.revocationLists !== null) throw missingList(certificate)
    const chain = issuerChain(certificate, issuers, roots) ?? refuseChain(certificate)
    const good = issuerChain(certificate, issuers.filter(isGood), roots.filter(isGood))
    if (!isGood(certificate) || good === undefined) return []
    refuseUnpinned(chain, material.pins)
    const nextUpdate = Math.min(...good.certificates.map((one) => listOf(one, lists)?.nextUpdate ?? Infinity))
    const revoked = own?.revoked ?? new Set<string>()
    return { certificate, keyDigest: keyDigestOf(certificate), chain: good, rule, nextUpdate, revoked }
  })
  const unlisted = authorities.filter((certificate) => listOf(certificate, lists) === undefined)
  return { issuers: trusted, lists, unlisted: material.revocationLists === null ? [] : unlisted }
}

/** A serial number means something only beside the CA that gave it (RFC 5280, 4.1.2.2). */
function isOn({ issuer, revoked }: RevocationList, certificate: X509Certificate): boolean {
  return revoked.has(certificate.serialNumber) && certificate.checkIssued(issuer)
}

/** A list is of a name and a key: a CA that was certified anew has one list. */
function listOf(authority: X509Certificate, lists: readonly RevocationList[]): RevocationList | undefined {
  return lists.find(
    ({ issuer }) => issuer.subject === authority.subject && issuer.publicKey.equals(authority.publicKey),
  )
}

function refuseUnpinned({ certificates }: IssuerChain, pins: readonly string[]): void {
  const ends = [certificates[0], certificates.at(-1)].filter((end) => end !== undefined)
  if (pins.length === 0 || ends.some((end) => pins.includes(keyDigestOf(end)))) return
  const digests = ends.map((end) => `${nameOf(end)}: ${keyDigestOf(end)}`)
  throw invalid(`neither an issuing CA nor its root has a key that is pinned (${digests.join('; ')})`)
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const certificates = pemBlocks(pem).map(({ der }) => new X509Certificate(der))
  if (certificates.length > MOST_AUTHORITIES)
    throw invalid(`there are more than ${MOST_AUTHORITIES} CAs in a file`)
  return certificates
}

function refuseChain(certificate: X509Certificate): never {
  throw invalid(
    `the CA ${nameOf(certificate)} leads to none of the roots: each CA on the way must be there, strong, ` +
      'allowed to issue for clients, and without critical extensions that are unknown here',
  )
}

function missingList(certificate: X509Certificate): SallyportError {
  return invalid(`there is no revocation list of the CA ${nameOf(certificate)}: sign one`)
}

function nameOf({ subject }: X509Certificate): string {
  return `"${subject.replaceAll('\n', ', ')}"`
}

function invalid(problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', problem)
}
