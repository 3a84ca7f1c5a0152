import type { ConfirmationChanged } from '../audit/event.ts'
import type { ConfirmationState } from './confirmation-state.ts'

/**
 * What the trail says about a call that waits for a confirmation.
 *
 * @param by the principal who answered; null while nobody has
 * @param requestId of the request that changed it
 */
export function confirmationChanged(
  event: ConfirmationChanged['event'],
  { id, request }: Pick<ConfirmationState, 'id' | 'request'>,
  by: string | null,
  requestId: string,
): ConfirmationChanged {
  const { principal, action, resource, need, recorded } = request
  return {
    event,
    requestId,
    confirmation: id,
    principal,
    by,
    action,
    resource,
    rule: need.rule,
    arguments: recorded,
  }
}
