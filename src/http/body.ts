import type { IncomingMessage } from 'node:http'

/** The bytes of a body, or that there were too many. */
export type ReadBody = { readonly kind: 'read'; readonly bytes: Buffer } | { readonly kind: 'too_large' }

/**
 * Reads a body of at most `limit` bytes. Stops reading as soon as it is known to be longer, by its declared length or
 * by its bytes. Rejects if the client goes away in the middle.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return { kind: 'too_large' }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a body is read as bytes')
    size += chunk.length
    if (size > limit) return { kind: 'too_large' }
    chunks.push(chunk)
  }
  return { kind: 'read', bytes: Buffer.concat(chunks, size) }
}

/** The text of bytes that are UTF-8; `undefined` for others. A byte order mark is kept, and is no JSON. */
export function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
