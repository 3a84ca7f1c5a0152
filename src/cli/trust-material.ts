import type { Config } from '../config/config.ts'
import type { AuthorityMaterial, ForeignTrustMaterial, TrustBundle, TrustMaterial } from '../trust.ts'

/**
 * What is trusted, as its files have it now. Their paths are those of `trustPaths`.
 *
 * @param read gives the text of a file; what it throws is thrown
 */
export function trustMaterial(
  { trust, trustDomain }: Pick<Config, 'trust' | 'trustDomain'>,
  read: (path: string) => string,
): TrustMaterial | ForeignTrustMaterial {
  const { own, revocationLists } = trust
  const bundles: readonly TrustBundle[] = trust.bundles.map(
    ({ name, trustDomains, pins, principal, revocationLists: lists, ...files }) => ({
      name,
      trustDomains,
      pins,
      principal,
      ...authority(files, read),
      revocationLists: lists === undefined ? null : read(lists),
    }),
  )
  const ours = own ? { ...authority(trust, read), revocationLists: read(revocationLists) } : undefined
  return ours === undefined ? { trustDomain, bundles } : { trustDomain, ...ours, bundles }
}

/** The CAs that TLS accepts client certificates of, PEM: everybody's, since admission tells them apart. */
export function tlsAuthorities(material: TrustMaterial | ForeignTrustMaterial): readonly string[] {
  const ours = 'roots' in material ? [material] : []
  return [...ours, ...(material.bundles ?? [])].flatMap(({ roots, issuers }) => [roots, issuers])
}

function authority(
  { roots, issuers }: Pick<AuthorityMaterial, 'roots' | 'issuers'>,
  read: (path: string) => string,
): Pick<AuthorityMaterial, 'roots' | 'issuers'> {
  return { roots: read(roots), issuers: read(issuers) }
}
