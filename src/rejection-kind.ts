/**
 * What kind of message the protocol layer refused, for the log. Of its words nothing else is repeated: they quote what
 * the caller sent, and any of that can be a secret in the wrong place.
 */
export function rejectionKind(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return (
    /^Rejected inbound request \((?<kind>[a-z-]{1,64})\)/.exec(error.message)?.groups?.['kind'] ?? error.name
  )
}
