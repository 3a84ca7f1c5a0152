import { isGood, isStream, messagesOf, type Place } from './bridge-answer.ts'
import { BRIDGE_ERROR, type ClientSide, type Owed } from './bridge-client.ts'
import type { Answer } from './bridge-connection.ts'
import { AnswerError } from '../wire/events.ts'
import { modernHeaders, revisionOf, type Headers } from '../wire/headers.ts'
import { isRecord, onlyMessage, type Carried } from '../wire/message.ts'
import { toolParameters } from '../wire/parameters.ts'
import { failAll, refusalIn } from './bridge-refusal.ts'
import { repeat, type Reading } from './bridge-repeat.ts'
import { JSON_HEADERS, type LegacySession } from './bridge-session.ts'
import { subscribe } from './bridge-subscription.ts'
import { listTools } from './bridge-tools.ts'
import type { Upstream } from './bridge-upstream.ts'

/** A request of the client, or a batch, and what it is owed for it. */
export interface Asking {
  readonly carried: Carried
  readonly owed: readonly Owed[]
  /** Aborted when the client wants no answer any more. */
  readonly signal: AbortSignal
  readonly onSent: () => void
}

/** What {@link exchanges} takes. */
export interface ExchangeOptions {
  readonly upstream: Upstream
  readonly client: ClientSide
  readonly session: LegacySession
  /** Takes a message of the server. */
  readonly take: (carried: Carried) => Promise<void>
}

/** MCP 2026-07-28: the headers do not say what the body says. */
const HEADER_MISMATCH = -32020

/**
 * Sends requests and gives the client what comes back, to the last answer; what gets none is answered with an error.
 * Never rejects.
 */
export function exchanges({
  upstream,
  client,
  session,
  take,
}: ExchangeOptions): (asking: Asking) => Promise<void> {
  const parameters = toolParameters()

  const headersOf = ({ carried }: Asking): Headers => {
    const message = onlyMessage(carried)
    const revision = message?.kind === 'request' ? revisionOf(message) : undefined
    if (message?.kind !== 'request' || revision === undefined) return session.headers()
    const own = message.method === 'tools/call' ? parameters.headersOf(message.params) : {}
    return { ...modernHeaders(message, revision), ...own }
  }

  const read = async (answer: Answer, place: Place): Promise<string | undefined> => {
    try {
      for await (const carried of messagesOf(answer, place)) await take(carried)
      return undefined
    } catch (error) {
      return error instanceof AnswerError ? error.message : undefined
    }
  }
  const isDone = (owed: readonly Owed[]): boolean => !owed.some((one) => client.isOwed(one))

  /** MCP 2025-11-25, resumability: a server that gave ids to its events says the rest when it is asked for. */
  const resume = async (place: Place, { owed, signal }: Asking): Promise<void> => {
    const again = async (): Promise<Reading> => {
      if (isDone(owed) || place.lastId === undefined) return 'over'
      const headers = { accept: 'text/event-stream', ...session.headers(), 'last-event-id': place.lastId }
      const sent = await upstream.ask({ method: 'GET', headers, signal })
      if (sent.kind !== 'answered') return sent.kind === 'lost' ? 'again' : 'over'
      if (!isStream(sent.answer)) {
        await sent.answer.discard()
        return 'over'
      }
      const problem = await read(sent.answer, place)
      return isDone(owed) || problem !== undefined ? 'over' : 'again'
    }
    await repeat(again, signal, () => place.retry)
  }

  const deliver = async (answer: Answer, asking: Asking): Promise<void> => {
    const { owed } = asking
    if (!isGood(answer.status)) return failAll(client, owed, await refusalIn(answer))
    noteOpening(answer, asking)
    const place: Place = {}
    const problem = await read(answer, place)
    if (problem === undefined && !owed.some(({ isModern }) => isModern)) await resume(place, asking)
    await failAll(client, owed, { code: BRIDGE_ERROR, message: problem ?? LOST })
  }
  const noteOpening = ({ session: id }: Answer, { carried, owed }: Asking): void => {
    const [one] = owed
    if (one?.method !== 'initialize') return
    one.onAnswer = ({ result }) => session.opened(carried, id, result)
  }

  /** Whether a call was refused for headers that we did not know of, and we know of them now. */
  const hasLearnt = async ({ carried, signal }: Asking): Promise<boolean> => {
    const message = onlyMessage(carried)
    const revision = message?.kind === 'request' ? revisionOf(message) : undefined
    if (message?.kind !== 'request' || message.method !== 'tools/call' || revision === undefined) return false
    const meta = message.params['_meta']
    await listTools({ upstream, parameters, signal }, { meta: isRecord(meta) ? meta : {}, revision }).catch(
      () => undefined,
    )
    return Object.keys(parameters.headersOf(message.params)).length > 0
  }

  const converse = async (asking: Asking, isFirst: boolean): Promise<void> => {
    const { carried, owed, signal, onSent } = asking
    const { text } = carried
    const number = session.number()
    const own = headersOf(asking)
    const ask = { method: 'POST', headers: { ...JSON_HEADERS, ...own }, body: text, signal, onSent } as const
    const [one] = owed
    if (one?.method === 'subscriptions/listen')
      return subscribe({
        upstream,
        client,
        owed: one,
        ask,
        deliver: async (answer) => deliver(answer, asking),
      })
    const sent = await upstream.ask(ask)
    if (sent.kind === 'given_up') return
    if (sent.kind !== 'answered') {
      const message = sent.kind === 'lost' ? `${sent.why}: ${UNKNOWN}` : sent.why
      return failAll(client, owed, { code: BRIDGE_ERROR, message, data: { sent: sent.kind === 'lost' } })
    }
    const { answer } = sent
    if (isFirst && answer.status === 404 && own['mcp-session-id'] !== undefined) {
      // The server has not looked at the request: it belongs to a session that it does not know.
      const refusal = await refusalIn(answer)
      return (await session.reopen(number)) ? converse(asking, false) : failAll(client, owed, refusal)
    }
    if (isFirst && answer.status === 400 && one?.isModern === true) {
      const refusal = await refusalIn(answer)
      const isLearnt = refusal.code === HEADER_MISMATCH && (await hasLearnt(asking))
      return isLearnt ? converse(asking, false) : failAll(client, owed, refusal)
    }
    return deliver(answer, asking)
  }

  return async (asking) => {
    const { owed } = asking
    for (const one of owed)
      if (one.method === 'tools/list') one.onAnswer = ({ result }) => parameters.learn(result)
    try {
      await converse(asking, true)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      await failAll(client, owed, { code: INTERNAL_ERROR, message })
    }
  }
}

const INTERNAL_ERROR = -32603
const UNKNOWN = 'it is not known whether the request was carried out'
const LOST = `the connection to the server was lost before the answer: ${UNKNOWN}`
