import { crossSiteRefusal } from '../login/cross-site.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { originIsAllowed } from './host.ts'
import { refuse } from './respond.ts'

/** Whether this request may be looked at for its method and for where it comes from; if not, it was answered. */
export async function isAcceptable(
  edge: EdgeRequest,
  methods: readonly string[],
  { allowed }: EdgeOptions,
): Promise<boolean> {
  const { request, response, requestId } = edge
  const { headers, method = '' } = request
  if (!methods.includes(method)) {
    response.setHeader('allow', methods.join(', '))
    refuse(response, 'method_not_allowed', requestId)
    return false
  }
  const fetchSite = headers['sec-fetch-site']
  const site = { method, origin: headers.origin, host: headers.host, fetchSite: fetchSite?.toString() }
  const reason = crossSiteRefusal(site, (origin, host) => originIsAllowed(origin, host, allowed))
  if (reason !== undefined) await edge.refuse(reason)
  return reason === undefined
}
