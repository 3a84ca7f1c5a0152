import { randomUUID } from 'node:crypto'
import { ProtocolError } from '@modelcontextprotocol/server'
import type { CallingClient, ClientAnswer, ClientRequest, LogLine, Progress } from '../calling-client.ts'
import type { Era } from '../methods.ts'
import { isRecord } from '../record.ts'
import type { Call, Returned } from '../tool.ts'
import { wordsFor } from './answer-words.ts'
import type { UpstreamAnswer } from './connection.ts'
import { isWithin } from './json-bounds.ts'
import type { HeldCall, ParkedCall } from './parked-calls.ts'
import { askFor, type AskRules } from './relay-asks.ts'
import { relayedError } from './relay-error.ts'
import { inputOf, inputOfParked, isInputRequest, type Input } from './relay-input.ts'
import type { RelayLink } from './relay-link.ts'
import { passedOn } from './relay-scan.ts'
import { readState, type RelayedCall, type RelayState } from './relay-state.ts'
import { oneLineOf } from './relay-text.ts'
import type { Members } from './upstream-uri.ts'

/** One call to an upstream that its client waits for. */
export interface Relaying<Result> extends Omit<RelayedCall, 'upstream'> {
  /** Sent as they are: what was decided on. */
  readonly params: Members
  readonly headers?: Readonly<Record<string, string>>
  readonly repeatable: boolean
  /** With our URIs, and cleaned; `undefined` for what is no result of this method. */
  readonly resultOf: (result: Members) => Result | undefined
  /** How the client is told that there is none. */
  readonly failed: (words: string) => Returned<Result>
}

/** How long an answer may be is known where it is read. */
const BOUNDS = { bytes: Number.POSITIVE_INFINITY, depth: 64 }
const LONGEST_PROGRESS = 1024

/**
 * Carries a call to its upstream and what that says back to the client: progress, log lines, questions and the end.
 * Never rejects but for what should not happen.
 *
 * Fails closed: what cannot be understood, is not allowed, or is of another call is an error in words of ours.
 */
export async function relayCall<Result>(
  link: RelayLink,
  call: Call,
  what: Relaying<Result>,
): Promise<Returned<Result>> {
  const end = await roundOf(link, call, what)
  switch (end.kind) {
    case 'result':
      return end.result
    case 'input_required':
      return end.result
    case 'error':
      return end.error
    case 'unanswered': {
      const { answer } = end
      const { requestId } = call
      const upstream = link.options.name
      link.told({ kind: 'unanswered', upstream, method: what.method, requestId, answer })
      return what.failed(wordsFor(answer, upstream, requestId))
    }
  }
}

type End<Result> =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'error'; readonly error: ProtocolError }
  | Input

async function roundOf<Result>(link: RelayLink, call: Call, what: Relaying<Result>): Promise<End<Result>> {
  const { options, calls, parked } = link
  const own: RelayedCall = { upstream: options.name, method: what.method, name: what.name }
  const rules: AskRules = {
    upstream: options.name,
    asks: options.asks,
    capabilities: calls.capabilitiesFor(call),
  }
  const { requestState } = call.client
  const state = requestState === undefined ? undefined : readState(requestState, own)
  if (requestState !== undefined && state === undefined) return INVALID_STATE
  if (state?.kind !== 'parked' && !mayPark(call.client, rules)) {
    const answer = await calls.request(
      call,
      requestOf({ link, own, rules }, call, what, state, call.client.ask),
    )
    return endOf(link, answer, what, own, rules, call.client.era)
  }
  const whose: ParkedCall = { ...own, principal: call.context.principal.id, args: what.params }
  const round = { signal: call.signal, ...heardBy(call.client) }
  const ended =
    state?.kind === 'parked'
      ? await parked.resume(state.id, whose, round, withoutMetas(call.client.inputResponses))
      : await parked.begin(whose, round, async (held) =>
          heldRequest({ link, own, rules }, call, what, state, held),
        )
  if (ended === undefined) return INVALID_STATE
  if (ended.kind === 'asked') return inputOfParked(ended.id, ended.requests, own)
  return endOf(link, ended.answer, what, own, rules, call.client.era)
}

/** In the words of the SDK for a state that was sealed by nobody here. */
const INVALID_STATE: End<never> = {
  kind: 'error',
  error: new ProtocolError(-32_602, 'Invalid or expired requestState', { reason: 'invalid_request_state' }),
}

/** Who cannot be asked in the middle of a call can still be asked between two rounds of it. */
function mayPark({ ask, era }: CallingClient, { asks, capabilities }: AskRules): boolean {
  const { elicitation, sampling, roots } = capabilities
  const canAnswer = elicitation !== undefined || sampling !== undefined || roots !== undefined
  return ask === undefined && era === '2026-07-28' && asks.length > 0 && canAnswer
}

type Ask = (request: ClientRequest, signal: AbortSignal) => Promise<ClientAnswer>
type Sent = Parameters<RelayLink['calls']['request']>[1]

/** Which call it is, and what may be said in its course. */
interface Course {
  readonly link: RelayLink
  readonly own: RelayedCall
  readonly rules: AskRules
}

async function heldRequest(
  course: Course,
  call: Call,
  what: Relaying<unknown>,
  state: RelayState | undefined,
  held: HeldCall,
): Promise<UpstreamAnswer> {
  const { progress, ...client } = call.client
  const heard = { ...client, ...(progress === undefined ? {} : { progress: held.progress }), log: held.log }
  const own: Call = { ...call, signal: held.signal, client: heard }
  return course.link.calls.request(own, requestOf(course, own, what, state, held.ask))
}

function requestOf(
  course: Course,
  { client }: Call,
  { method, params, headers, repeatable }: Relaying<unknown>,
  state: RelayState | undefined,
  ask: Ask | undefined,
): Sent {
  const { rules } = course
  const { progress, log } = heardBy(client)
  // Of a 2025-era client that has set no level, its server decides.
  const logLevel = client.logLevel ?? (client.era === '2025-11-25' ? 'info' : undefined)
  return {
    method,
    params: state?.kind === 'stateless' ? { ...params, ...inputFor(client, state) } : params,
    ...(headers === undefined ? {} : { headers }),
    clientCapabilities: rules.capabilities,
    ...(logLevel === undefined ? {} : { logLevel }),
    repeatable: repeatable && state === undefined,
    ...(progress === undefined ? {} : { onProgress: progress }),
    onLog: (line) => logged(course, line, log),
    ...(ask === undefined || rules.asks.length === 0
      ? {}
      : { onAsk: async (request, signal) => asked(request, signal, rules, ask) }),
  }
}

/** Only answers to what this upstream asked for in the last round, and its own state. */
function inputFor(
  { inputResponses }: CallingClient,
  { state, keys }: Extract<RelayState, { kind: 'stateless' }>,
): Members {
  const answered = keys.filter((key) => Object.hasOwn(inputResponses, key))
  const responses = Object.fromEntries(answered.map((key) => [key, inputResponses[key]]))
  return {
    ...(answered.length === 0 ? {} : { inputResponses: withoutMetas(responses) }),
    ...(state === undefined ? {} : { requestState: state }),
  }
}

/** What the client hears, with nothing hidden in the words that a person reads. */
function heardBy({ progress, log }: CallingClient) {
  return {
    ...(progress === undefined ? {} : { progress: (told: Progress) => progress(shown(told)) }),
    log,
  }
}

function shown(told: Progress): Progress {
  return told.message === undefined ? told : { ...told, message: oneLineOf(told.message, LONGEST_PROGRESS) }
}

/** What a result may not hold, a line of the log may not either. */
function logged({ link, own }: Course, { level, logger, data }: LogLine, log: CallingClient['log']): void {
  const passed = isWithin(data, BOUNDS) ? passedOn(link, { data }, own) : undefined
  if (passed !== undefined) log({ level, logger: loggerOf(own.upstream, logger), data: passed['data'] })
}

function loggerOf(upstream: string, logger: string | undefined): string {
  return logger === undefined ? upstream : `${upstream}/${oneLineOf(logger, 128)}`
}

const METHOD_NOT_FOUND = -32_601

async function asked(
  request: ClientRequest,
  signal: AbortSignal,
  rules: AskRules,
  ask: Ask,
): Promise<ClientAnswer> {
  const own = askFor(request, rules)
  if (own === undefined || !isInputRequest(own))
    return { kind: 'error', code: METHOD_NOT_FOUND, message: 'This cannot be asked here' }
  const answer = await ask(withName(own), signal)
  return answer.kind === 'result' ? { kind: 'result', result: withoutMeta(answer.result) } : answer
}

/** MCP 2025-11-25 names the elicitation of a URL; the name that the upstream gave it is the upstream's own. */
function withName({ method, params }: ClientRequest): ClientRequest {
  return params['mode'] === 'url'
    ? { method, params: { ...params, elicitationId: randomUUID() } }
    : { method, params }
}

function withoutMetas(responses: Members): Members {
  const entries = Object.entries(responses)
  return Object.fromEntries(entries.map(([key, one]) => [key, isRecord(one) ? withoutMeta(one) : one]))
}

/** What a client says of itself is for us. */
function withoutMeta({ _meta, ...rest }: Members): Members {
  return rest
}

function endOf<Result>(
  link: RelayLink,
  answer: UpstreamAnswer,
  what: Relaying<Result>,
  own: RelayedCall,
  rules: AskRules,
  era: Era,
): End<Result> {
  if (answer.kind === 'error') return relayedError(answer, link, own, rules, era)
  if (answer.kind !== 'result') return { kind: 'unanswered', answer }
  const { result } = answer
  if (!isWithin(result, BOUNDS)) return garbage('its result is nested too deep, or is no plain JSON')
  if (result['resultType'] === 'input_required') return inputOf(result, own, rules)
  const passed = passedOn(link, result, own)
  if (passed === undefined) return { kind: 'unanswered', answer: { kind: 'withheld' } }
  const mapped = what.resultOf(passed)
  return mapped === undefined
    ? garbage('its result is none of this method')
    : { kind: 'result', result: mapped }
}

function garbage(why: string): End<never> {
  return { kind: 'unanswered', answer: { kind: 'garbage', why } }
}
