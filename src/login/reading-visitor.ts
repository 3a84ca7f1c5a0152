import type { LoginOptions } from './options.ts'
import { visitorOf, type Visitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/**
 * The live session of a request that only reads, as {@link visitorOf} finds it. Another site cannot read with our cookie:
 * what a browser is made to ask for by one is refused.
 */
export async function readingVisitor(visit: Visit, options: LoginOptions): Promise<Visitor> {
  const { presented, fetchSite } = visit
  const isOwnSite = fetchSite === undefined || fetchSite === 'none' || fetchSite === 'same-origin'
  if (presented.kind === 'token' && presented.from === 'cookie' && !isOwnSite)
    return { kind: 'refused', reason: 'session_wrong_site' }
  return visitorOf(visit, options)
}
