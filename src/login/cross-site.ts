import type { RefusalReason } from '../auth/authenticator.ts'

/** What a browser says about where a request comes from. */
export interface RequestSite {
  readonly method: string
  /** The `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined
  /** The `Origin` header. */
  readonly origin: string | undefined
  /** The `Host` header. */
  readonly host: string | undefined
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Why a request that may change something is refused for where it comes from; `undefined` if it is not. This is the
 * algorithm of `CrossOriginProtection` in Go 1.25: what a browser says decides, and what is no browser has no cookies
 * that anybody else could use.
 */
export function crossSiteRefusal(
  { method, fetchSite, origin, host }: RequestSite,
  isAllowedOrigin: (origin: string, host: string | undefined) => boolean,
): RefusalReason | undefined {
  if (SAFE_METHODS.has(method)) return undefined
  if (fetchSite !== undefined)
    return fetchSite === 'same-origin' || fetchSite === 'none' ? undefined : 'cross_site'
  return origin === undefined || isAllowedOrigin(origin, host) ? undefined : 'origin_not_allowed'
}
