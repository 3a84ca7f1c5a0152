import {
  mergeCapabilities,
  type ClientCapabilities,
  type InputRequiredResult,
  type ProtocolError,
} from '@modelcontextprotocol/server'
import type { CallingClient } from './calling-client.ts'
import { LONGEST_HANDLER_STATE } from './sealed-state.ts'
import { isClientMethod, missingCapabilities, missingError } from './missing-capabilities.ts'

/** A handler asks for no more at once. */
const MOST_REQUESTS = 16

/**
 * Why a client is not asked what a handler wants to know: it has not declared that it can be (MCP 2026-07-28, multi
 * round-trip requests: it must not be asked then); `undefined` where it has.
 *
 * @throws Error for a result that asks for nothing and has no state, or for too much: that is the handler's fault
 */
export function cannotBeAsked(
  { inputRequests = {}, requestState }: InputRequiredResult,
  { era, capabilities }: CallingClient,
): ProtocolError | undefined {
  const requests = Object.values(inputRequests)
  if (requests.length > MOST_REQUESTS) throw new Error(`more than ${MOST_REQUESTS} input requests at once`)
  if (requests.length === 0 && requestState === undefined)
    throw new Error('an input_required result with neither inputRequests nor requestState')
  if ((requestState?.length ?? 0) > LONGEST_HANDLER_STATE)
    throw new Error(`a requestState of more than ${LONGEST_HANDLER_STATE} characters`)
  const stranger = requests.find(({ method }) => !isClientMethod(method))
  if (stranger !== undefined) throw new Error(`an input request of the method ${stranger.method}`)
  const missing = requests.flatMap((request) => missingCapabilities(request, capabilities) ?? [])
  if (missing.length === 0) return undefined
  const required = missing.reduce<ClientCapabilities>((all, one) => mergeCapabilities(all, one), {})
  return missingError(required, era)
}
