import { isSpecType, type InputRequest, type InputRequiredResult } from '@modelcontextprotocol/server'
import type { ClientRequest } from '../calling-client.ts'
import { isRecord, memberOf } from '../record.ts'
import type { Unanswered } from './answer-words.ts'
import { askFor, type AskRules } from './relay-asks.ts'
import { isCarried, writtenState, type RelayedCall, type RelayState } from './relay-state.ts'
import type { Members } from './upstream-uri.ts'
import { hasHiddenText } from './visible-text.ts'

/** What becomes of an upstream that needs something of the client first. */
export type Input =
  | { readonly kind: 'input_required'; readonly result: InputRequiredResult }
  | { readonly kind: 'unanswered'; readonly answer: Unanswered }

const MOST_REQUESTS = 16
const LONGEST_KEY = 128

/**
 * The `InputRequiredResult` of an upstream, as its client gets it: only with what this upstream may ask of this client,
 * in words that say who asks, and with a state of ours around its own.
 *
 * Fails closed: what asks for nothing that may be asked is an error.
 */
export function inputOf(result: Members, call: RelayedCall, rules: AskRules): Input {
  const { inputRequests = {}, requestState: state } = result
  if (!isRecord(inputRequests) || !isState(state)) return MALFORMED
  const wanted = Object.entries(inputRequests)
  if (wanted.length > MOST_REQUESTS || (wanted.length === 0 && state === undefined)) return MALFORMED
  const asked = wanted.flatMap(([key, request]) => {
    const own = isKey(key) ? requestOf(request, rules) : undefined
    return own === undefined ? [] : [[key, own] as const]
  })
  const [first] = wanted
  if (first !== undefined && asked.length === 0)
    return { kind: 'unanswered', answer: { kind: 'asks', method: methodOf(first[1]) } }
  const keys = asked.map(([key]) => key)
  return required(call, asked, { kind: 'stateless', ...(state === undefined ? {} : { state }), keys })
}

/** What a call that waits at its upstream asks its client, which comes back with the id. */
export function inputOfParked(
  id: string,
  requests: Readonly<Record<string, ClientRequest>>,
  call: RelayedCall,
): Input {
  const asked = Object.entries(requests).flatMap(([key, request]) =>
    isInputRequest(request) ? [[key, request] as const] : [],
  )
  return required(call, asked, { kind: 'parked', id })
}

const MALFORMED: Input = {
  kind: 'unanswered',
  answer: { kind: 'garbage', why: 'it asks for input in a way that the protocol does not have' },
}

function required(
  call: RelayedCall,
  asked: readonly (readonly [string, InputRequest])[],
  state: RelayState,
): Input {
  const requests = asked.length === 0 ? {} : { inputRequests: Object.fromEntries(asked) }
  const requestState = writtenState(call, state)
  return { kind: 'input_required', result: { resultType: 'input_required', ...requests, requestState } }
}

function requestOf(request: unknown, rules: AskRules): InputRequest | undefined {
  const own = askFor({ method: methodOf(request), params: memberOf(request, 'params') }, rules)
  return isInputRequest(own) ? own : undefined
}

/** Whether the client's SDK takes it as a request; of a URL it wants a name, which a later revision has not. */
export function isInputRequest(value: unknown): value is InputRequest {
  switch (memberOf(value, 'method')) {
    case 'elicitation/create':
      return isSpecType.ElicitRequest(named(value))
    case 'sampling/createMessage':
      return isSpecType.CreateMessageRequest(value)
    case 'roots/list':
      return isSpecType.ListRootsRequest(value)
    default:
      return false
  }
}

function named(value: unknown): unknown {
  const params = memberOf(value, 'params')
  if (!isRecord(value) || !isRecord(params) || params['mode'] !== 'url') return value
  return { ...value, params: { elicitationId: 'none', ...params } }
}

function methodOf(request: unknown): string {
  const method = memberOf(request, 'method')
  return typeof method === 'string' ? method : ''
}

function isState(state: unknown): state is string | undefined {
  return state === undefined || (typeof state === 'string' && isCarried(state))
}

function isKey(key: string): boolean {
  return key.length <= LONGEST_KEY && key !== '__proto__' && !hasHiddenText(key)
}
