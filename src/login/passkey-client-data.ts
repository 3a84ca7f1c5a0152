import { z } from 'zod'
import type { ChallengeUse } from './passkey-challenge.ts'

const shape = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.literal(false).optional(),
  topOrigin: z.undefined().optional(),
})

/**
 * The challenge in the client data of an answer (WebAuthn Level 3, section 5.8.1), base64url.
 *
 * Fails closed: `undefined` for an answer to another kind of request, for one that was asked for inside a page of
 * somebody else, and for what is no client data.
 */
export function challengeIn(clientDataJSON: string, use: ChallengeUse): string | undefined {
  const read = shape.safeParse(parsed(clientDataJSON))
  return read.success && read.data.type === `webauthn.${use}` ? read.data.challenge : undefined
}

function parsed(base64url: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64url, 'base64url')))
  } catch {
    return undefined
  }
}
