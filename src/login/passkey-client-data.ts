import { z } from 'zod'

const shape = z.object({
  challenge: z.string(),
  crossOrigin: z.literal(false).optional(),
  topOrigin: z.undefined().optional(),
})

/**
 * The challenge in the client data of an answer (WebAuthn Level 3, section 5.8.1), base64url. Type and origin are for
 * the library to check.
 *
 * Fails closed: `undefined` for an answer that was given inside a page of somebody else, and for what is no client data.
 */
export function challengeIn(clientDataJSON: string): string | undefined {
  const read = shape.safeParse(parsed(clientDataJSON))
  return read.success ? read.data.challenge : undefined
}

function parsed(base64url: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64url, 'base64url')))
  } catch {
    return undefined
  }
}
