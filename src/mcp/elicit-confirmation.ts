import {
  inputRequired,
  inputResponse,
  type ClientCapabilities,
  type InputRequest,
  type InputRequests,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Confirmations, PendingConfirmation } from './confirmations.ts'
import { askInWords, declinedInWords, type AskedFor } from './confirmation-words.ts'

/** A call that waits for somebody's answer. */
export interface WaitingCall {
  readonly context: ServerContext
  /** As its client declared them: of a 2025-era client for the session, later for each request. */
  readonly capabilities: ClientCapabilities | undefined
  readonly requestId: string
  /** Aborted when whoever calls goes away. */
  readonly signal: AbortSignal
  readonly asked: AskedFor
  readonly pending: PendingConfirmation
  /** The confirmation that the client was asked about in the round before, as its state says. */
  readonly waitedFor: string | undefined
}

/** What a call that waits is answered with. */
export type WayForward =
  /** Something has changed: ask the guard once more, and here again if it waits for another one. */
  | { readonly kind: 'again' }
  /** The client is to show a link, and to make the call again (MCP 2026-07-28; the SDK's shim does it for 2025-11-25). */
  | { readonly kind: 'elicit'; readonly inputRequests: InputRequests }
  /** A client that can show no link: an error in these words. */
  | { readonly kind: 'told'; readonly text: string }

/** Finds the way forward that fits a client. */
export type WayForwardOf = (waiting: WaitingCall) => Promise<WayForward>

/** What {@link elicitConfirmation} takes. */
export interface ElicitOptions {
  readonly confirmations: Confirmations
  /** How long a call waits for an answer, in ms; 25 s unless given: clients give up after a minute. */
  readonly patience?: number
}

const PATIENCE = 25_000
const KEY = 'confirmation'

/**
 * Makes the way from a call that waits to the browser of whoever can answer: URL elicitation where the client has it, an
 * error with the link where it has not.
 *
 * Nothing that a client sends back lets a call through: it only says whether to wait, to ask again or to stop asking.
 */
export function elicitConfirmation(options: ElicitOptions): WayForwardOf {
  const { confirmations, patience = PATIENCE } = options
  return async (waiting) => {
    const { context, pending, asked } = waiting
    const action = answerOf(waiting)
    if (action === 'decline' || action === 'cancel') {
      await confirmations.withdraw(pending, waiting.requestId)
      return { kind: 'told', text: declinedInWords(asked) }
    }
    if (action === 'accept' && (await confirmations.settled(pending, patience, waiting.signal))) {
      await tellThatItIsComplete(context, pending)
      return { kind: 'again' }
    }
    if (
      waiting.capabilities?.elicitation?.url === undefined ||
      (action === 'accept' && !mayAskAgain(waiting))
    )
      return { kind: 'told', text: askInWords(asked, pending, 'again') }
    return { kind: 'elicit', inputRequests: { [KEY]: requestFor(waiting) } }
  }
}

type Answer = 'accept' | 'decline' | 'cancel' | undefined

/** What the client answered to this very confirmation; an answer to another one is none. */
function answerOf({ context, pending, waitedFor }: WaitingCall): Answer {
  const response = inputResponse(context.mcpReq.inputResponses, KEY)
  return response.kind === 'elicit' && waitedFor === pending.id ? response.action : undefined
}

/**
 * A 2026 client makes each round a request of its own. A 2025 client holds one request open, which ends; and an approval
 * by somebody else takes longer than anybody wants to be asked.
 */
function mayAskAgain({ context, pending }: WaitingCall): boolean {
  return isModern(context) && pending.need.kind !== 'approval'
}

function isModern({ mcpReq }: ServerContext): boolean {
  return mcpReq.envelope !== undefined
}

function requestFor({ context, pending, asked }: WaitingCall): InputRequest {
  const url = { message: askInWords(asked, pending, 'elicitation'), url: pending.url }
  // MCP 2025-11-25 names the elicitation, so that its end can be told; 2026-07-28 does not.
  return isModern(context)
    ? inputRequired.elicitUrl(url)
    : { method: 'elicitation/create', params: { ...url, mode: 'url', elicitationId: pending.id } }
}

/** MCP 2025-11-25, URL mode elicitation; a client that does not hear of it asks for the result all the same. */
async function tellThatItIsComplete(context: ServerContext, { id }: PendingConfirmation): Promise<void> {
  if (isModern(context)) return
  await context.mcpReq
    .notify({ method: 'notifications/elicitation/complete', params: { elicitationId: id } })
    .catch(() => undefined)
}
