/** Which names this server answers to, and which web origins may send it requests. */
export interface AllowedNames {
  /** Lower-case host names and addresses without port; IPv6 in brackets. */
  readonly hosts: ReadonlySet<string>
  /** Origins beyond our own, as a browser writes them: `https://app.example`. */
  readonly origins: ReadonlySet<string>
}

/** A host name or address with an optional port, as `Host` has it (RFC 9110, section 7.2). */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?$/

const HIGHEST_PORT = 65_535

/**
 * Whether this server answers to the name in a `Host` header, whatever the port. Guards against DNS rebinding.
 * Fails closed: a missing, doubled or malformed header is not a name of ours.
 */
export function hostIsAllowed(header: string | undefined, allowed: AllowedNames): boolean {
  const [, name, port = '0'] = HOST.exec(header?.toLowerCase() ?? '') ?? []
  return name !== undefined && allowed.hosts.has(name) && Number(port) <= HIGHEST_PORT
}

/**
 * Whether a request with this `Origin` may be served: those without one (no browser), those of our own pages (same
 * host and port as the request), and those that are configured. `null` and everything unreadable is not.
 */
export function originIsAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: AllowedNames,
): boolean {
  if (origin === undefined) return true
  return allowed.origins.has(origin) || (host !== undefined && origin === `https://${host.toLowerCase()}`)
}

/** Whether a `Host` header names the caller's own machine, so that what is said of the host is not only about us. */
export function isLocalHost(header: string | undefined): boolean {
  return /^(?:localhost|127\.[0-9.]+|\[::1\])(?::|$)/.test(header?.toLowerCase() ?? 'localhost')
}
