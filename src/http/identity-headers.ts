/**
 * The headers by which proxies and gateways name a caller or an address: each is a claim of whoever sent it. A closed
 * list; a name that ends in "*" stands for all that begin so.
 */
const IDENTITY_HEADERS = [
  // Certificates: RFC 9440, Envoy, nginx, HAProxy, Apache, Traefik, AWS, Azure
  'client-cert',
  'client-cert-chain',
  'x-forwarded-client-cert',
  'x-client-cert*',
  'x-client-dn',
  'x-client-verify',
  'ssl-client-*',
  'x-ssl-*',
  'x-tls-client-*',
  'x-amzn-mtls-*',
  'x-arr-clientcert',
  // Addresses and names of this server: RFC 7239 and what came before it
  'forwarded',
  'x-forwarded*',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip*',
  'fastly-client-ip',
  'x-original-*',
  'x-rewrite-url',
  'x-envoy-*',
  // People who logged in at somebody else's
  'remote-user',
  'x-remote-*',
  'x-authenticated-*',
  'x-auth-request-*',
  'x-webauth-*',
  'x-goog-authenticated-user-*',
  'x-goog-iap-jwt-assertion',
  'x-amzn-oidc-*',
  'x-ms-client-principal*',
  'x-ms-token-*',
  'cf-access-*',
  'tailscale-user-*',
] as const

/** An entry of the list. */
export type IdentityHeader = (typeof IDENTITY_HEADERS)[number]

const EXACT: ReadonlyMap<string, IdentityHeader> = new Map(IDENTITY_HEADERS.map((entry) => [entry, entry]))
/** Most headers begin with another letter, and are looked at no further. */
const INITIALS: ReadonlySet<string> = new Set(IDENTITY_HEADERS.map((entry) => entry.charAt(0)))
const PREFIXES: readonly (readonly [string, IdentityHeader])[] = IDENTITY_HEADERS.flatMap((entry) =>
  entry.endsWith('*') ? [[entry.slice(0, -1), entry] as const] : [],
)

/**
 * The entry of the list that a header falls under, if any; an exact one before one that stands for many.
 *
 * @param name in any case; "_" counts as "-", since much software takes one for the other
 */
export function identityHeader(name: string): IdentityHeader | undefined {
  if (!INITIALS.has(name.charAt(0).toLowerCase())) return undefined
  const plain = name.toLowerCase().replaceAll('_', '-')
  return EXACT.get(plain) ?? PREFIXES.find(([prefix]) => plain.startsWith(prefix))?.[1]
}
