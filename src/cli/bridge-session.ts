import { isGood, messagesOf } from './bridge-answer.ts'
import { changesOf, watchedByCapabilities } from './bridge-changes.ts'
import { answerIn, type ClientSide } from './bridge-client.ts'
import type { Answer } from './bridge-connection.ts'
import type { Headers } from '../wire/headers.ts'
import { isRecord, type Carried, type RpcId, type RpcMessage } from '../wire/message.ts'
import { listenUnasked } from './bridge-unasked.ts'
import type { Upstream } from './bridge-upstream.ts'

/** The session of a 2025-era client with the server. */
export interface LegacySession {
  /** Which of the sessions it is by now; they have numbers of ours. */
  number(): number
  /** Of every message of the session. */
  headers(): Headers
  /** Resolves when no other session is being opened. */
  settled(): Promise<unknown>
  /** The client's `initialize` was answered. */
  opened(opening: Carried, session: string | undefined, result: unknown): void
  /** The client's `notifications/initialized` has arrived: what the server says unasked is listened to from now on. */
  begun(text: string): void
  /** A request of the client, to be repeated in another session if it sets something there. */
  note(message: RpcMessage, text: string): void
  /** A request of the server to the client. */
  asked(id: RpcId): void
  /** Whether a request of the server still waits for its answer; asked once. */
  takeAsked(id: unknown): boolean
  /**
   * The server knows session `number` no more: opens another as the client opened the first, once for all who ask.
   * False if that cannot be done.
   */
  reopen(number: number): Promise<boolean>
  /** Tells the server that the session is over. */
  close(signal: AbortSignal): Promise<void>
}

/** What {@link legacySession} takes. */
export interface SessionOptions {
  readonly upstream: Upstream
  readonly client: ClientSide
  /** Takes a message of the server that came unasked. */
  readonly take: (carried: Carried) => Promise<void>
  readonly tell: (line: string) => void
  readonly signal: AbortSignal
}

export const JSON_HEADERS: Headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

interface Opened {
  readonly initialize: string
  readonly id: string | undefined
  readonly version: string
  readonly result: unknown
}

/** Keeps the one session of a client over the several that the server may want. */
export function legacySession({ upstream, client, take, tell, signal }: SessionOptions): LegacySession {
  let number = 0
  let opened: Opened | undefined
  let initialized: string | undefined
  let level: string | undefined
  let reopening: Promise<boolean> | undefined
  let listening = new AbortController()
  const subscriptions = new Map<string, string>()
  const asked = new Set<RpcId>()

  const headers = (): Headers => ({
    ...(opened?.id === undefined ? {} : { 'mcp-session-id': opened.id }),
    ...(opened === undefined ? {} : { 'mcp-protocol-version': opened.version }),
  })
  const post = async (body: string, own: Headers): Promise<Answer | undefined> => {
    const sent = await upstream.ask({ method: 'POST', headers: { ...JSON_HEADERS, ...own }, body, signal })
    return sent.kind === 'answered' ? sent.answer : undefined
  }
  const postQuietly = async (body: string): Promise<void> => (await post(body, headers()))?.discard()

  const listen = (isAnother: boolean): void => {
    listening.abort()
    listening = new AbortController()
    const of = number
    void listenUnasked({
      upstream,
      headers: headers(),
      take,
      isAnother,
      onMissed: sayChanges,
      onForgotten: () => void reopen(of),
      signal: AbortSignal.any([listening.signal, signal]),
    })
  }
  const sayChanges = async (): Promise<void> => {
    const lists = watchedByCapabilities(opened?.result)
    for (const change of changesOf({ lists, resources: [...subscriptions.keys()] })) await client.say(change)
  }

  const openAgain = async ({ initialize, version }: Opened): Promise<boolean> => {
    const answer = await post(initialize, {})
    if (answer === undefined) return false
    const result = await resultOf(answer)
    if (!isRecord(result) || result['protocolVersion'] !== version) return false
    number += 1
    opened = { initialize, id: answer.session, version, result }
    await withdrawAsked()
    if (initialized !== undefined) await postQuietly(initialized)
    for (const text of [...(level === undefined ? [] : [level]), ...subscriptions.values()])
      await postQuietly(text)
    if (initialized !== undefined) listen(true)
    return true
  }
  /** Nobody waits for the client's answers to what the server asked in a session that is no more. */
  const withdrawAsked = async (): Promise<void> => {
    for (const requestId of asked) {
      const params = { requestId, reason: 'the session with the server was lost' }
      await client.say(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }))
    }
    asked.clear()
  }
  const reopen = async (lost: number): Promise<boolean> => {
    if (lost !== number) return true
    if (opened === undefined) return false
    reopening ??= openAgain(opened)
      .then((isOpen) => {
        tell(
          isOpen
            ? 'the server has forgotten the session: another one is open'
            : 'no new session can be opened',
        )
        return isOpen
      })
      .catch(() => false)
      .finally(() => {
        reopening = undefined
      })
    return reopening
  }

  return {
    number: () => number,
    headers,
    settled: async () => reopening,
    opened({ text }, id, result) {
      const version = isRecord(result) ? result['protocolVersion'] : undefined
      if (typeof version !== 'string') return
      number += 1
      initialized = undefined
      level = undefined
      subscriptions.clear()
      asked.clear()
      opened = { initialize: text, id, version, result }
    },
    begun(text) {
      initialized = text
      listen(false)
    },
    note(message, text) {
      if (message.kind !== 'request') return
      const uri = message.params['uri']
      if (message.method === 'logging/setLevel') level = text
      if (message.method === 'resources/subscribe' && typeof uri === 'string') subscriptions.set(uri, text)
      if (message.method === 'resources/unsubscribe' && typeof uri === 'string') subscriptions.delete(uri)
    },
    asked: (id) => void asked.add(id),
    takeAsked: (id) => (typeof id === 'string' || typeof id === 'number') && asked.delete(id),
    reopen,
    async close(patience) {
      listening.abort()
      if (opened?.id === undefined) return
      const sent = await upstream.ask({ method: 'DELETE', headers: headers(), signal: patience }, 0)
      if (sent.kind === 'answered') await sent.answer.discard()
    },
  }
}

async function resultOf(answer: Answer): Promise<unknown> {
  if (!isGood(answer.status)) {
    await answer.discard()
    return undefined
  }
  try {
    for await (const carried of messagesOf(answer)) {
      const response = answerIn(carried)
      if (response !== undefined) return response.result
    }
  } catch {
    // Cut off, or no message: there is no result.
  }
  return undefined
}
