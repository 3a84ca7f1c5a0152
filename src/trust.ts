import type { X509Certificate } from 'node:crypto'
import type { Trust } from './auth/certificate.ts'
import { foreignRule, mappingFault, ownRule, type PrincipalMapping } from './auth/mapping.ts'
import { SallyportError } from './errors.ts'
import type { RevocationList } from './pki/read-crl.ts'
import { trustedIssuers } from './trusted-issuers.ts'

/** What a CA is trusted by, as PEM text. */
export interface AuthorityMaterial {
  readonly roots: string
  /** The CAs whose client certificates are believed. */
  readonly issuers: string
  /** One list of each CA, roots included. */
  readonly revocationLists: string
}

/** The CA of somebody else: what it is trusted by, and whom its certificates name. */
export interface TrustBundle extends Omit<AuthorityMaterial, 'revocationLists'> {
  /** For people: in messages alone. */
  readonly name: string
  /** Null does without: then what this CA revokes is believed until it ends. */
  readonly revocationLists: string | null
  /** Whose principals it may name: no other bundle's, and not ours. */
  readonly trustDomains: readonly string[]
  /** Hex SHA-256 of public keys (SubjectPublicKeyInfo): every issuer or its root must have one of them; none for any. */
  readonly pins: readonly string[]
  readonly principal: PrincipalMapping
}

/** What is trusted: our own CA, and those of others beside it. */
export interface TrustMaterial extends AuthorityMaterial {
  readonly trustDomain: string
  readonly bundles?: readonly TrustBundle[]
}

/** What is trusted where there is no CA of our own. */
export interface ForeignTrustMaterial {
  /** Ours all the same: nobody else's CA may name a principal of it. */
  readonly trustDomain: string
  readonly bundles: readonly TrustBundle[]
}

/**
 * Reads what is trusted. Another call gives another object: another trust epoch.
 *
 * Fails closed: an issuer without a revocation list whose signature verifies is an error, not an issuer whose
 * certificates are all good; so is one that leads to none of its roots, or past the pins; one that is on the list of the
 * CA above it is not trusted.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`, or `CONFIGURATION_INVALID` for bundles that do not go together
 */
export async function readTrust(material: TrustMaterial | ForeignTrustMaterial): Promise<Trust> {
  return (await readTrustAndLists(material)).trust
}

/** What is trusted, and the revocation lists of all of its CAs. */
export interface TrustAndLists {
  readonly trust: Trust
  readonly lists: readonly RevocationList[]
  /** Those of its CAs about which no list speaks, where there are lists. */
  readonly unlisted: readonly X509Certificate[]
}

/** As {@link readTrust}, for those who must see to it that no older list comes after a newer one. */
export async function readTrustAndLists(
  material: TrustMaterial | ForeignTrustMaterial,
): Promise<TrustAndLists> {
  const { trustDomain, bundles = [] } = material
  refuseFaults(trustDomain, bundles)
  const own =
    'roots' in material ? [await trustedIssuers({ ...material, pins: [] }, ownRule(trustDomain))] : []
  const foreign = await Promise.all(
    bundles.map(async (bundle) =>
      named(bundle, trustedIssuers(bundle, foreignRule(bundle.trustDomains, bundle.principal))),
    ),
  )
  const all = [...own, ...foreign]
  const issuers = Object.freeze(all.flatMap((bundle) => bundle.issuers))
  return {
    trust: Object.freeze({ trustDomain, issuers }),
    lists: all.flatMap(({ lists }) => lists),
    unlisted: all.flatMap(({ unlisted }) => unlisted),
  }
}

/** A trust domain has one owner: whoever else could name its principals could be any of them. */
function refuseFaults(trustDomain: string, bundles: readonly TrustBundle[]): void {
  const taken = new Set([trustDomain])
  for (const { name, trustDomains, principal } of bundles) {
    const double = trustDomains.find((domain) => taken.has(domain))
    if (double !== undefined)
      throw invalid(name, `the trust domain "${double}" belongs to another: give it to one alone`)
    for (const domain of trustDomains) taken.add(domain)
    const fault = mappingFault(trustDomains, principal)
    if (fault !== undefined) throw invalid(name, fault)
  }
}

async function named<T>({ name }: TrustBundle, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    if (!(cause instanceof SallyportError)) throw cause
    throw new SallyportError(cause.code, `the trust bundle "${name}": ${cause.message}`, { cause })
  })
}

function invalid(name: string, problem: string): SallyportError {
  return new SallyportError('CONFIGURATION_INVALID', `the trust bundle "${name}": ${problem}`)
}
