/** Who may ask, and how often: of us, not of what was asked (RFC 9110, 15.5; RFC 6585, 4). */
const OF_ACCESS: ReadonlySet<number> = new Set([401, 403, 407, 429])

/** Whether HTTP says by this status that something is wrong with the request itself. */
export function isOfRequest(status: number): boolean {
  return status >= 400 && status < 500 && !OF_ACCESS.has(status)
}
