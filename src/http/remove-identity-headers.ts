import type { IncomingMessage } from 'node:http'
import { identityHeader, type IdentityHeader } from './identity-headers.ts'

/** One header that was removed. */
export interface RemovedHeader {
  /** As sent, in lower case. */
  readonly name: string
  readonly value: string
  /** What of the list it fell under. */
  readonly entry: IdentityHeader
}

/**
 * Removes every header that claims an identity from a request, in all the shapes that Node gives them, so that whoever
 * reads it later finds none. Changes the request; its trailers, which nobody reads, are left alone.
 *
 * @returns what was removed, in the order of the request
 */
export function removeIdentityHeaders(request: IncomingMessage): readonly RemovedHeader[] {
  const { rawHeaders } = request
  const removed = claimsIn(rawHeaders)
  if (removed.length === 0) return removed
  // Node makes these two out of the raw ones when they are first asked for, so those are changed last.
  const { headers, headersDistinct } = request
  for (const { name } of removed) {
    delete headers[name]
    delete headersDistinct[name]
  }
  const kept = rawHeaders.filter(
    (_, index) => identityHeader(rawHeaders[index - (index % 2)] ?? '') === undefined,
  )
  rawHeaders.splice(0, rawHeaders.length, ...kept)
  return removed
}

/** @param rawHeaders names and values in turn, as Node has them */
function claimsIn(rawHeaders: readonly string[]): readonly RemovedHeader[] {
  const claims: RemovedHeader[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const entry = identityHeader(name)
    if (entry !== undefined)
      claims.push({ name: name.toLowerCase(), value: rawHeaders[index + 1] ?? '', entry })
  }
  return claims
}
