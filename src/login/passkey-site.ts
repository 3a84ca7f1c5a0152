import type { LoginOptions } from './options.ts'

/** Where a passkey is used, as WebAuthn says it. */
export interface PasskeySite {
  /** The relying party: the name of this host (WebAuthn Level 3, section 5.4.2). */
  readonly rpId: string
  /** What the browser must say the page was of: with the port, unless it is 443. */
  readonly origin: string
}

/** An IPv6 address, or what `URL` makes of an IPv4 address in any spelling: no name ends in a number. */
const ADDRESS = /^\[|(?:^|\.)[0-9]+\.?$/

/**
 * The site that a browser is on, by the `Host` header of its request, which the edge has checked.
 *
 * Fails closed: `undefined` for an address, which can have no passkeys, for what is no host, and for an origin that may
 * not post to us.
 */
export function passkeySite(
  host: string | undefined,
  isAllowedOrigin: LoginOptions['isAllowedOrigin'],
): PasskeySite | undefined {
  const url = host === undefined ? null : URL.parse(`https://${host}`)
  if (url === null || url.href !== `${url.origin}/` || ADDRESS.test(url.hostname)) return undefined
  const { origin, hostname } = url
  return isAllowedOrigin(origin, host) ? { rpId: hostname, origin } : undefined
}

/** Whether there can be passkeys where a browser is. */
export function hasPasskeyName(
  { host }: { readonly host: string | undefined },
  { isAllowedOrigin }: Pick<LoginOptions, 'isAllowedOrigin'>,
): boolean {
  return passkeySite(host, isAllowedOrigin) !== undefined
}
