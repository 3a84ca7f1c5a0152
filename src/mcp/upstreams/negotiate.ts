import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { Era } from '../methods.ts'
import type { Greeting, UpstreamAnswer, UpstreamRequest } from './connection.ts'
import { isOfRequest } from './http-status.ts'
import { greetingOf } from './negotiate-greeting.ts'
import { CLIENT_INFO, MODERN } from './peer-envelope.ts'
import type { Peer } from './peer.ts'

/** What {@link negotiate} takes. */
export interface NegotiateOptions {
  readonly peer: Pick<Peer, 'ask'>
  readonly era: 'auto' | Era
  readonly knownEra: Era | undefined
  /** Whether silence and a closed connection can be the answer of an old server: not where HTTP says what is wrong. */
  readonly isPipe: boolean
  readonly clientCapabilities: ClientCapabilities
  readonly signal: AbortSignal
  /** Ms, for all of it. */
  readonly timeout: number
}

/** What negotiating came to. */
export type Negotiated =
  | {
      readonly kind: 'negotiated'
      readonly era: Era
      /** The very revision; older ones are of the 2025 era too. */
      readonly revision: string
      readonly greeting: Greeting
    }
  /** `closedOnQuestion`: it ended when it was asked for its era; on a new connection it can be greeted without. */
  | { readonly kind: 'failed'; readonly why: string; readonly closedOnQuestion: boolean }

const LEGACY: Era = '2025-11-25'
/** Revisions of the 2025 era that a server may answer with. */
const REVISIONS: ReadonlySet<unknown> = new Set([
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
])
/** MCP 2026-07-28: the revision is not supported. */
const UNSUPPORTED_VERSION = -32022
/** Of the time there is, for a question that old servers may leave unanswered. */
const SHARE_OF_QUESTION = 0.4

/** What an upstream answered to a greeting of one era. */
type Tried = Negotiated | { readonly kind: 'other_era'; readonly why: string }

/**
 * Finds the era of an upstream: `server/discover` first, `initialize` where that means that it is not known; the other
 * way around where the 2025 era is remembered. What says nothing about the era (no access, a server in trouble, a network
 * that fails) is never taken for one.
 */
export async function negotiate(options: NegotiateOptions): Promise<Negotiated> {
  const { era, knownEra, timeout } = options
  const began = performance.now()
  const left = (): number => Math.max(1, timeout - (performance.now() - began))
  const order: readonly Era[] = era === 'auto' ? orderOf(knownEra) : [era]
  let tried: Tried | undefined
  for (const [index, one] of order.entries()) {
    const isLast = index === order.length - 1
    const patience = isLast || !options.isPipe ? left() : left() * SHARE_OF_QUESTION
    tried = one === MODERN ? await discover(options, patience) : await initialize(options, patience)
    if (tried.kind !== 'other_era') return tried
  }
  return failed(tried?.kind === 'other_era' ? tried.why : 'it speaks no revision of MCP that we do')
}

function orderOf(known: Era | undefined): readonly Era[] {
  return known === LEGACY ? [LEGACY, MODERN] : [MODERN, LEGACY]
}

async function discover({ peer, signal, isPipe }: NegotiateOptions, timeout: number): Promise<Tried> {
  const answer = await peer.ask(asking('server/discover', {}, signal, timeout), MODERN)
  if (answer.kind === 'result') {
    const { supportedVersions } = answer.result
    if (!Array.isArray(supportedVersions) || !supportedVersions.includes(MODERN))
      return { kind: 'other_era', why: `it does not offer MCP ${MODERN}` }
    return greeted(answer.result, MODERN, MODERN)
  }
  if (answer.kind === 'error') return { kind: 'other_era', why: errorWords(answer) }
  const isSilence = isPipe && answer.kind === 'timeout'
  if (isSilence || isNotKnown(answer)) return { kind: 'other_era', why: wordsOf(answer) }
  return { ...failed(wordsOf(answer)), closedOnQuestion: isPipe && answer.kind === 'down' && answer.sent }
}

/** The 2025-era handshake, without its last word. */
export async function initialize(
  { peer, signal, clientCapabilities }: Pick<NegotiateOptions, 'peer' | 'signal' | 'clientCapabilities'>,
  timeout: number,
): Promise<Tried> {
  const params = { protocolVersion: LEGACY, capabilities: clientCapabilities, clientInfo: CLIENT_INFO }
  const answer = await peer.ask(asking('initialize', params, signal, timeout), LEGACY)
  if (answer.kind === 'result') {
    const { protocolVersion } = answer.result
    if (typeof protocolVersion !== 'string' || !REVISIONS.has(protocolVersion))
      return failed('it answers the handshake with a revision of MCP that we do not speak')
    return greeted(answer.result, LEGACY, protocolVersion)
  }
  if (answer.kind === 'error') return { kind: 'other_era', why: errorWords(answer) }
  return isNotKnown(answer) ? { kind: 'other_era', why: wordsOf(answer) } : failed(wordsOf(answer))
}

function asking(
  method: string,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  timeout: number,
): UpstreamRequest {
  return { method, params, signal, timeout, repeatable: true }
}

function greeted(result: Readonly<Record<string, unknown>>, era: Era, revision: string): Negotiated {
  const greeting = greetingOf(result)
  return greeting === undefined
    ? failed('what it says of itself is malformed, or too long')
    : { kind: 'negotiated', era, revision, greeting }
}

/** Whether HTTP says that such a request is not known, rather than not allowed or not possible now. */
function isNotKnown(answer: UpstreamAnswer): boolean {
  return answer.kind === 'refused' && isOfRequest(answer.status)
}

function failed(why: string): Extract<Negotiated, { kind: 'failed' }> {
  return { kind: 'failed', why, closedOnQuestion: false }
}

function errorWords({ code, message }: { readonly code: number; readonly message: string }): string {
  const words =
    code === UNSUPPORTED_VERSION ? 'it does not support our revision of MCP' : 'it refused the handshake'
  return `${words}: ${code} ${message.slice(0, 200)}`
}

function wordsOf(answer: UpstreamAnswer): string {
  switch (answer.kind) {
    case 'refused':
    case 'down':
    case 'garbage':
      return answer.why
    case 'timeout':
      return 'it did not answer in time'
    case 'cancelled':
      return 'connecting was broken off'
    case 'too_large':
      return 'what it says of itself is too long'
    case 'busy':
    case 'no_secret':
    case 'result':
    case 'error':
      return 'it could not be asked'
  }
}
