import type { AccountSection } from './account-section.ts'
import { waitingApprovals } from './answer-confirmation.ts'
import type { ConfirmationState } from './confirmation-state.ts'
import { actionWords } from './confirmation-words.ts'
import { approvalsSection, type ShownApproval } from './pages/approvals-list.ts'

/** The section of the account page with the calls of others that wait for its owner. */
export const ownApprovals: AccountSection = async ({ visitor }, options) =>
  approvalsSection((await waitingApprovals(visitor.live.record, options)).map(shownApproval))

/** A call that waits, as a list shows it. */
export function shownApproval({ id, request }: ConfirmationState): ShownApproval {
  const { resource, principal, askedAt, expiresAt } = request
  return { id, what: actionWords(request), name: resource, principal, askedAt, endsBy: expiresAt }
}
