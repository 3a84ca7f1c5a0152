import type { SealingKeys } from '../auth/mac.ts'
import {
  openAnswer,
  openRequest,
  type ConfirmationAnswer,
  type ConfirmationRequest,
} from './confirmation-seal.ts'
import type { KeptConfirmation } from './confirmation-store.ts'

/** A confirmation that has not ended, and where it stands. */
export interface ConfirmationState {
  readonly id: string
  readonly request: ConfirmationRequest
  /** As the store has it; empty while nobody has answered. */
  readonly sealedAnswer: string
  readonly answer: ConfirmationAnswer | undefined
}

/**
 * Reads what the store has. The one place that believes it.
 *
 * Fails closed: `undefined` for what was not sealed by us for this very id, and for what is past its end, whatever the
 * store says of that.
 *
 * @param now ms since the epoch
 */
export function confirmationIn(
  { id, request: sealed, answer: sealedAnswer }: KeptConfirmation,
  keys: SealingKeys,
  now: number,
): ConfirmationState | undefined {
  const request = openRequest(id, sealed, keys)
  if (request === undefined) return undefined
  if (sealedAnswer === '') {
    return now < request.expiresAt ? { id, request, sealedAnswer, answer: undefined } : undefined
  }
  const answer = openAnswer(id, sealedAnswer, keys)
  return answer !== undefined && now < answer.until ? { id, request, sealedAnswer, answer } : undefined
}
