import type { RefusalReason } from '../auth/authenticator.ts'
import { sessionHolder, visitorHolder } from './form-guard.ts'
import type { LoginOptions } from './options.ts'
import { visitorOf, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** Who wants to use a passkey, and whose challenge it has to be. */
export type PasskeyAsker =
  | { readonly kind: 'stranger'; readonly holder: string }
  | { readonly kind: 'known'; readonly visitor: KnownVisitor; readonly holder: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/**
 * Tells who wants to use a passkey: somebody in a session, which is complete or lacks a second factor, or a browser
 * without a live session.
 *
 * Fails closed: refused for a session that lacks another step, and for a bearer token that is none. Rejects with
 * `STORE_UNAVAILABLE`.
 *
 * @param formSecret of the browser (`Visit`)
 */
export async function passkeyAsker(
  visit: Visit,
  formSecret: string | undefined,
  options: LoginOptions,
): Promise<PasskeyAsker> {
  const visitor = await visitorOf(visit, options, [null, 'second_factor'])
  if (visitor.kind === 'known') return { kind: 'known', visitor, holder: sessionHolder(visitor.token) }
  const { presented } = visit
  const isStale =
    visitor.reason === 'session_invalid' && !(presented.kind === 'token' && presented.from === 'bearer')
  if (visitor.reason !== 'no_credential' && !isStale) return visitor
  return { kind: 'stranger', holder: visitorHolder(formSecret ?? '') }
}
