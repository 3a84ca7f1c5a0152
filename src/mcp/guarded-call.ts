import { randomUUID } from 'node:crypto'
import {
  inputRequired,
  isInputRequiredResult,
  ProtocolError,
  type InputRequiredResult,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Arguments } from '../access/decision.ts'
import type { Caller, CarriedCaller } from './caller.ts'
import { callSignals } from './call-signals.ts'
import { callingClientOf } from './calling-client-of.ts'
import type { PendingConfirmation } from './confirmations.ts'
import type { WayForward } from './elicit-confirmation.ts'
import type { Asked, Work } from './asked.ts'
import { heldBack } from './guard-errors.ts'
import type { Guarded } from './guard.ts'
import { cannotBeAsked } from './input-asked.ts'
import { ROUND_LIFE, type CallPlace, type CallState } from './sealed-state.ts'
import type { Serving } from './serving.ts'
import type { Call, Returned } from './tool.ts'
import type { RoundBefore } from './verdict.ts'

/** Who asks, for the guard, and what the handlers behind it are handed. */
export interface Asking {
  readonly caller: Caller
  readonly call: Call
  /** The handler has ended: what it still says, or asks, is of no call. */
  readonly over: () => void
}

/** Who asks in a message that the SDK hands to a handler. @param before what its client brings back */
export function askingOf(serving: Serving, context: ServerContext, before: CallState = {}): Asking {
  const caller = callerOf(serving, context)
  // The SDK aborts a 2025-era request when its client says so, not when its client goes away.
  const { signal, heard, over } = callSignals([context.mcpReq.signal, caller.signal])
  const client = callingClientOf({
    context,
    session: serving.session,
    capabilities: serving.capabilities(),
    signal: heard,
    before,
  })
  const { requestId, traceContext: trace } = caller
  return {
    caller,
    call: { context: caller.context, requestId, signal, ...(trace === undefined ? {} : { trace }), client },
    over,
  }
}

/** Who sent a message that the SDK hands to a handler. */
export function callerOf({ carrier }: Serving, context: ServerContext): CarriedCaller {
  return carrier.unwrap(context.http?.authInfo)
}

/** What is asked for, by its definition; without one it does not exist. */
export function askedOf(
  kind: Asked['kind'],
  action: Asked['action'],
  name: string,
  definition: { readonly permission: Asked['needs']; readonly uriTemplate?: string } | undefined,
): Asked {
  return { kind, action, name, entry: definition?.uriTemplate ?? name, needs: definition?.permission }
}

/** One call, and the words for what becomes of it. */
export interface GuardedRequest<Value> {
  readonly asked: Asked
  /** Frozen: what is decided on is what runs. */
  readonly args: Arguments
  /** Answers for what is forbidden and for what does not exist. */
  readonly unknown: () => ProtocolError
  /** Answers for what threw. */
  readonly failed: (requestId: string) => Value
  /** `undefined`: there is nothing under that name after all. */
  readonly run: (call: Call) => Promise<Work<Value | ProtocolError> | undefined>
}

/** A call of which somebody may be asked first, and whose handler may ask its client. */
export interface AskableRequest<Value> extends Omit<GuardedRequest<Value>, 'run'> {
  readonly args: Exclude<Arguments, symbol>
  /** Says something to a client that can show no link. */
  readonly told: (text: string) => Value
  /** Answers a 2025-era client that cannot be asked what the handler wants to know. */
  readonly undeliverable: (error: ProtocolError) => Value
  /** `undefined`: there is nothing under that name after all. */
  readonly run: (call: Call) => Promise<Work<Returned<Value>> | undefined>
}

/** One guarded call of which nobody is ever asked (see `verdict.ts`). */
export async function guardedCall<Value>(
  serving: Serving,
  context: ServerContext,
  request: GuardedRequest<Value>,
): Promise<Value> {
  const asking = askingOf(serving, context)
  const result = await guarded(serving, asking, request)
  if (result.kind === 'asked') throw request.unknown()
  return answerTo(result, request, asking.call.requestId)
}

/** So often a call is decided anew because somebody has answered. */
const MOST_ROUNDS = 16

/**
 * One guarded call, decided again as often as somebody has answered what it waits for. Its handler may ask the client, and
 * is then called again with what it answered: another round, which is decided anew.
 */
export async function askableCall<Value>(
  serving: Serving,
  context: ServerContext,
  request: AskableRequest<Value>,
): Promise<Value | InputRequiredResult> {
  const { asked, args } = request
  const { action, name } = asked
  const place = { principal: callerOf(serving, context).context.principal.id, action, name, args }
  const before = stateBefore(serving, context, place)
  const state = before === 'invalid' ? {} : before
  const asking = askingOf(serving, context, state)
  const once = { ...request, run: async (call: Call) => worked(request, call) }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = await guarded<Value | InputRequiredResult>(
      serving,
      asking,
      once,
      before === 'invalid' ? before : before.confirmed,
    )
    if (result.kind !== 'asked') {
      const answer = answerTo(result, request, asking.call.requestId)
      return isInputRequired(answer) ? sealed(serving, place, answer, result) : answer
    }
    const way = await wayForward(serving, context, asking, asked, result.pending, state)
    if (way.kind === 'told') return request.told(way.text)
    if (way.kind === 'elicit') {
      const { id, expiresAt } = result.pending
      const requestState = serving.states.seal({ ...state, waitsFor: id }, place, expiresAt + ROUND_LIFE)
      return inputRequired({ inputRequests: way.inputRequests, requestState })
    }
  }
  return request.failed(asking.call.requestId)
}

/** What the client brings back of the round before; nothing in a first one. */
function stateBefore(
  { states }: Serving,
  { mcpReq }: ServerContext,
  place: CallPlace,
): CallState | 'invalid' {
  const text = mcpReq.requestState()
  if (text === undefined) return {}
  return typeof text === 'string' ? (states.open(text, place) ?? 'invalid') : 'invalid'
}

async function worked<Value>(
  { run, undeliverable }: AskableRequest<Value>,
  call: Call,
): Promise<Work<Returned<Value>> | undefined> {
  const work = await run(call)
  if (work?.outcome !== 'ok') return work
  if (!isInputRequired(work.value)) return work
  const error = cannotBeAsked(work.value, call.client)
  if (error === undefined) return { ...work, outcome: 'input_required' }
  return { outcome: 'error', value: call.client.era === '2026-07-28' ? error : undeliverable(error) }
}

function isInputRequired(value: unknown): value is InputRequiredResult {
  return isInputRequiredResult(value)
}

/** The state of the handler, and that the call was confirmed, as the client carries them; without either there is none. */
function sealed(
  { states, now }: Serving,
  place: CallPlace,
  { requestState: handler, ...result }: InputRequiredResult,
  came: Guarded<unknown>,
): InputRequiredResult {
  const confirmation = came.kind === 'done' ? came.confirmed : undefined
  if (handler === undefined && confirmation === undefined) return result
  const state: CallState = {
    ...(handler === undefined ? {} : { handler }),
    ...(confirmation === undefined ? {} : { confirmed: { ...confirmation, id: randomUUID() } }),
  }
  return { ...result, requestState: states.seal(state, place, now() + ROUND_LIFE) }
}

async function guarded<Value>(
  { guard, onUnavailable }: Serving,
  { caller, call, over }: Asking,
  { asked, args, run }: Pick<GuardedRequest<Value>, 'asked' | 'args' | 'run'>,
  before?: RoundBefore,
): Promise<Guarded<Value | ProtocolError | undefined>> {
  const work = async (): Promise<Work<Value | ProtocolError | undefined>> => {
    // Who was cut off while the decision was put on record gets nothing done any more.
    call.signal.throwIfAborted()
    try {
      return recorded((await run(call)) ?? NOTHING)
    } finally {
      over()
    }
  }
  return guard.call(caller, asked, args, work, before).catch((error: unknown) => {
    onUnavailable(caller, error)
    return { kind: 'failed' as const }
  })
}

function answerTo<Value>(
  result: Exclude<Guarded<Value | ProtocolError | undefined>, { kind: 'asked' }>,
  { unknown, failed }: Pick<GuardedRequest<Value>, 'unknown' | 'failed'>,
  requestId: string,
): Value {
  switch (result.kind) {
    case 'failed':
      return failed(requestId)
    case 'denied':
      throw unknown()
    case 'limited':
    case 'refused':
    case 'too_many_pending':
    case 'state_invalid':
      throw heldBack(result)
    case 'done':
      if (result.value === undefined) throw unknown()
      if (result.value instanceof ProtocolError) throw result.value
      return result.value
  }
}

async function wayForward(
  serving: Serving,
  context: ServerContext,
  { call }: Asking,
  { kind, name }: Asked,
  pending: PendingConfirmation,
  { waitsFor: waitedFor }: CallState,
): Promise<WayForward> {
  if (serving.wayForward === undefined) throw new Error('a call waits, and there is no way to say so')
  const { requestId, signal } = call
  const capabilities = serving.capabilities()
  return serving.wayForward({
    context,
    capabilities,
    requestId,
    signal,
    asked: { kind, name },
    pending,
    waitedFor,
  })
}

/** Answers with an error: for results that have no place for words. */
export function thrown(error: ProtocolError): never {
  throw error
}

/** An error is no success on record, whoever made it. */
function recorded<Value>(work: Work<Value>): Work<Value> {
  return work.outcome === 'ok' && work.value instanceof ProtocolError ? { ...work, outcome: 'error' } : work
}

const NOTHING: Work<undefined> = { outcome: 'error', value: undefined }

/** Work that came to a value; without one there is nothing under that name. */
export function done<Value>(value: Value | undefined): Work<Value> | undefined {
  return value === undefined ? undefined : { outcome: 'ok', value }
}
