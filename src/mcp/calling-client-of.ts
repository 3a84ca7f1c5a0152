import {
  LOG_LEVEL_META_KEY,
  ProtocolError,
  type ClientCapabilities,
  type LoggingLevel,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { CallingClient, ClientAnswer, ClientRequest, LogLine, Progress } from './calling-client.ts'
import { isLoggingLevel, reaches } from './logging-level.ts'
import { missingCapabilities } from './missing-capabilities.ts'
import { memberOf } from './record.ts'
import type { CallState } from './sealed-state.ts'

/** What is known of a 2025-era session beyond one message. */
export interface ClientSession {
  /** Stands for the session; not its id, which stays between it and its client. */
  readonly name: string
  /** What `logging/setLevel` has set; `undefined` until then. */
  readonly logLevel: () => LoggingLevel | undefined
}

/** What {@link callingClientOf} takes. */
export interface CallingClientOptions {
  /** What the SDK hands the handler of this very message. */
  readonly context: ServerContext
  /** Of a 2025-era client; absent for the others. */
  readonly session: ClientSession | undefined
  readonly capabilities: ClientCapabilities | undefined
  /** Aborted when nobody waits for the answer any more: nothing is said or asked then. */
  readonly signal: AbortSignal
  /** What the round before has left, if there was one. */
  readonly before: CallState
}

/** Somebody is asked no longer than so many ms: the SDK's own bound for what waits for a person. */
const LONGEST_ASKING = 10 * 60_000
/** Of what a client says in an error, in characters. */
const LONGEST_MESSAGE = 1024
/** More answers than this are none: nobody is asked so much at once. */
const MOST_RESPONSES = 64

/** The client of one call, from what the SDK knows of the message. */
export function callingClientOf(options: CallingClientOptions): CallingClient {
  const { context, session, capabilities, before } = options
  const token = context.mcpReq._meta?.progressToken
  const level = levelOf(options)
  return {
    era: session === undefined ? '2026-07-28' : '2025-11-25',
    capabilities,
    ...(session === undefined ? {} : { session: session.name }),
    ...(token === undefined ? {} : { progress: progressOf(options, token) }),
    log: (line) => logged(options, line),
    ...(level === undefined ? {} : { logLevel: level }),
    ...(session === undefined
      ? {}
      : { ask: async (request: ClientRequest, signal: AbortSignal) => asked(options, request, signal) }),
    // Where we asked ourselves, the answer is for us.
    inputResponses: before.waitsFor === undefined ? responsesOf(context) : {},
    ...(before.handler === undefined ? {} : { requestState: before.handler }),
  }
}

/** Values that do not grow are dropped (MCP, progress): a client may rely on that. */
function progressOf(options: CallingClientOptions, token: string | number): (told: Progress) => void {
  let last = Number.NEGATIVE_INFINITY
  return ({ progress, total, message }) => {
    if (!Number.isFinite(progress) || progress <= last) return
    last = progress
    tell(options, 'notifications/progress', {
      progressToken: token,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    })
  }
}

/** The level of a session, or of this very request (MCP 2026-07-28, logging). */
function levelOf({ context, session }: CallingClientOptions): LoggingLevel | undefined {
  if (session !== undefined) return session.logLevel()
  const level = memberOf(context.mcpReq.envelope, LOG_LEVEL_META_KEY)
  return isLoggingLevel(level) ? level : undefined
}

/** A 2025-era client that has set no level hears everything, which that revision leaves to the server. */
function logged(options: CallingClientOptions, { level, logger, data }: LogLine): void {
  const least = levelOf(options)
  const isHeard = least === undefined ? options.session !== undefined : reaches(level, least)
  if (!isHeard) return
  tell(options, 'notifications/message', { level, ...(logger === undefined ? {} : { logger }), data })
}

/** On the stream of this call alone; where that is gone there is nobody to tell. */
function tell(
  { context, signal }: CallingClientOptions,
  method: 'notifications/progress' | 'notifications/message',
  params: Record<string, unknown>,
): void {
  if (signal.aborted) return
  void Promise.resolve()
    .then(async () => context.mcpReq.notify({ method, params }))
    .catch(() => undefined)
}

async function asked(
  { context, capabilities, signal: gone }: CallingClientOptions,
  { method, params }: ClientRequest,
  signal: AbortSignal,
): Promise<ClientAnswer> {
  if (missingCapabilities({ method, params }, capabilities) !== undefined)
    return { kind: 'error', code: -32_601, message: `The client has not declared that it can do ${method}` }
  const either = AbortSignal.any([gone, signal])
  if (either.aborted) return { kind: 'unanswered' }
  try {
    const options = { signal: either, timeout: LONGEST_ASKING }
    const result = await context.mcpReq.send({ method, params: { ...params } }, options)
    return { kind: 'result', result: { ...result } }
  } catch (error) {
    if (!(error instanceof ProtocolError)) return { kind: 'unanswered' }
    return { kind: 'error', code: error.code, message: error.message.slice(0, LONGEST_MESSAGE) }
  }
}

function responsesOf({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> {
  const responses = mcpReq.inputResponses ?? {}
  return Object.keys(responses).length > MOST_RESPONSES ? {} : Object.freeze({ ...responses })
}
