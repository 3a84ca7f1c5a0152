import { principalOf } from '../auth/principal.ts'
import type { ConfirmationAnswer, ConfirmationRequest } from './confirmation-seal.ts'
import type { LoginOptions, Proved } from './options.ts'

/** A person, by what he proved. */
export interface Answerer extends Proved {
  /** The name of the user. */
  readonly user: string
}

/**
 * Whether a call is this person's to confirm, or to approve: his own where it needs his second factor; where it needs an
 * approval that of somebody else, who may by the policy of this moment, has proved a second factor, and does not answer for
 * the service that asks (four eyes).
 *
 * Fails closed: false for a name that is none.
 */
export function mayAnswer(
  { need, principal }: Pick<ConfirmationRequest, 'need' | 'principal'>,
  { user, authenticatedAt, mfaAt, address }: Answerer,
  { mayApprove }: Pick<LoginOptions, 'mayApprove'>,
): boolean {
  const answerer = principalOf('user', user)
  if (answerer === undefined) return false
  if (need.kind === 'second_factor') return answerer.id === principal
  if (mfaAt === null || answerer.id === principal || answerer.id === need.owner) return false
  return mayApprove(answerer, { authenticatedAt, mfaAt, address }, need.by.role)
}

/**
 * Whether what was given still counts: its giver might answer now, is not disabled, and his sessions did not have to end
 * meanwhile, as far as this node knows.
 */
export function stillCounts(
  request: ConfirmationRequest,
  { by, epoch, ...proved }: ConfirmationAnswer,
  { revocations, mayApprove }: Pick<LoginOptions, 'revocations' | 'mayApprove'>,
): boolean {
  if (revocations.isDisabled(by) || epoch < revocations.leastEpochOf(by)) return false
  return mayAnswer(request, { user: by, ...proved }, { mayApprove })
}
