import type { ServerResponse } from 'node:http'
import { sendJson } from './respond.ts'

/** Whether this server is fit to serve, and of what kind the problems are; never a path, a name or a reason. */
export interface Readiness {
  /** `degraded`: callers are judged, and somebody should look. */
  readonly status: 'ready' | 'degraded' | 'not ready'
  readonly problems: readonly string[]
}

/**
 * Sums up problems.
 *
 * @param blocking kinds of problems with which nobody can be judged
 * @param lasting kinds of problems beside which callers are judged as before
 */
export function readinessOf(blocking: readonly string[], lasting: readonly string[]): Readiness {
  const degraded = lasting.length > 0 ? 'degraded' : 'ready'
  return { status: blocking.length > 0 ? 'not ready' : degraded, problems: [...blocking, ...lasting] }
}

/** 200 or 503 and the status. The kinds of problems are for the operations listener alone: `withProblems`. */
export function sendReadiness(
  response: ServerResponse,
  { status, problems }: Readiness,
  { withProblems = false }: { readonly withProblems?: boolean } = {},
): void {
  const body = withProblems && problems.length > 0 ? { status, problems } : { status }
  sendJson(response, status === 'not ready' ? 503 : 200, body)
}
