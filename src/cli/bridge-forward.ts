import { isGood } from './bridge-answer.ts'
import type { ClientSide, Owed } from './bridge-client.ts'
import { exchanges } from './bridge-exchange.ts'
import { modernHeaders, revisionOf, type Headers } from '../wire/headers.ts'
import {
  errorText,
  onlyMessage,
  readMessages,
  requestsIn,
  type Carried,
  type RpcMessage,
} from '../wire/message.ts'
import { JSON_HEADERS, legacySession } from './bridge-session.ts'
import type { Upstream } from './bridge-upstream.ts'

/** Forwards what a client says. */
export interface Forwarder {
  /**
   * Takes one line. Never rejects.
   *
   * @param line `undefined` for one that was too long or no text
   * @returns resolves when the line has left this process, or is not going to
   */
  take(line: string | undefined): Promise<void>
  /** Tells the server that nobody waits any more: cancels what runs, and ends the session. */
  close(signal: AbortSignal): Promise<void>
}

/** What {@link forwarder} takes. */
export interface ForwardOptions {
  readonly upstream: Upstream
  readonly client: ClientSide
  readonly tell: (line: string) => void
  /** Aborted when the bridge ends. */
  readonly signal: AbortSignal
}

const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
const CANCELLED = 'notifications/cancelled'

type Notification = Extract<RpcMessage, { kind: 'notification' }>

/**
 * Forwards messages as they are. Requests run side by side; what needs no answer goes in the order in which it was
 * said, and before the requests that were said after it, since HTTP would let them overtake each other.
 */
export function forwarder({ upstream, client, tell, signal }: ForwardOptions): Forwarder {
  let said: Promise<unknown> = Promise.resolve()
  /** Of the last modern request: 2026-07-28 notifications carry no envelope. */
  let revision: string | undefined
  const take = async (carried: Carried): Promise<void> => {
    for (const message of carried.messages) note(message)
    await client.give(carried)
  }
  const note = (message: RpcMessage): void => {
    if (message.kind === 'request') session.asked(message.id)
    if (message.kind === 'notification' && message.method === CANCELLED)
      session.takeAsked(message.params['requestId'])
  }
  const session = legacySession({ upstream, client, take, tell, signal })
  const exchange = exchanges({ upstream, client, session, take })

  const inOrder = async (work: () => Promise<void>): Promise<void> => {
    const done = said.then(work).catch(() => undefined)
    said = done
    return done
  }

  const headersFor = (carried: Carried): Headers => {
    const message = onlyMessage(carried)
    const isModern = message?.kind === 'notification' && revision !== undefined && session.number() === 0
    return isModern && revision !== undefined ? modernHeaders(message, revision) : session.headers()
  }
  /** Sends what gets no answer; resolves with the status, if there was one. */
  const post = async (carried: Carried, until: AbortSignal): Promise<number | undefined> => {
    await session.settled()
    const headers = { ...JSON_HEADERS, ...headersFor(carried) }
    const sent = await upstream.ask({ method: 'POST', headers, body: carried.text, signal: until })
    if (sent.kind !== 'answered') return undefined
    await sent.answer.discard()
    return sent.answer.status
  }
  const notify = async (carried: Carried): Promise<void> => {
    const number = session.number()
    const status = await post(carried, signal)
    const isAgain = status === 404 && number > 0 && (await session.reopen(number))
    const arrived = isAgain ? await post(carried, signal) : status
    const message = onlyMessage(carried)
    const isBegun = message?.kind === 'notification' && message.method === 'notifications/initialized'
    if (isBegun && arrived !== undefined && isGood(arrived)) session.begun(carried.text)
  }
  /** An answer to what the server asked in a session that is no more goes nowhere. */
  const answer = async (carried: Carried): Promise<void> => {
    const asked = carried.messages.map(
      (message) => message.kind === 'response' && session.takeAsked(message.id),
    )
    if (asked.some(Boolean)) await post(carried, signal)
  }

  const cancel = async (carried: Carried, { params }: Notification): Promise<void> => {
    const owed = client.owed(params['requestId'])
    // Answered already: the server knows nothing of it any more.
    if (owed === undefined) return
    client.forget(owed)
    if (!owed.isModern && owed.isSent)
      await inOrder(async () => {
        await post(carried, signal)
      })
    owed.abort.abort()
  }

  const request = async (carried: Carried): Promise<void> => {
    const requests = requestsIn(carried)
    const owed = requests.map((message) => {
      const own = revisionOf(message)
      revision = own ?? revision
      session.note(message, carried.text)
      return client.owe({ id: message.id, method: message.method, isModern: own !== undefined })
    })
    const [one, ...more] = owed
    const until = more.length > 0 || one === undefined ? signal : AbortSignal.any([signal, one.abort.signal])
    const sent = Promise.withResolvers<void>()
    const onSent = (): void => {
      for (const each of owed) each.isSent = true
      sent.resolve()
    }
    const before = said
    const done = before
      .then(async () => session.settled())
      .then(async () => exchange({ carried, owed, signal: until, onSent }))
    if (one?.method === 'initialize') said = done
    return Promise.race([sent.promise, done])
  }

  const route = async (carried: Carried): Promise<void> => {
    const only = onlyMessage(carried)
    if (only?.kind === 'notification' && only.method === CANCELLED) return cancel(carried, only)
    if (requestsIn(carried).length > 0) return request(carried)
    if (carried.messages.every(({ kind }) => kind === 'response')) return inOrder(async () => answer(carried))
    return inOrder(async () => notify(carried))
  }

  return {
    async take(line) {
      const read = line === undefined ? ({ kind: 'not_json' } as const) : readMessages(line)
      if (read.kind === 'carried') return route(read)
      return read.kind === 'not_json'
        ? client.say(errorText(null, PARSE_ERROR, 'Parse error'))
        : client.say(errorText(read.id, INVALID_REQUEST, 'Invalid Request'))
    },
    async close(patience) {
      const owed = client.allOwed()
      await Promise.all(
        owed
          .filter(({ isModern, isSent }) => !isModern && isSent)
          .map(async (one) => post(cancelling(one), patience)),
      )
      for (const { abort } of owed) abort.abort()
      await session.close(patience)
    },
  }
}

function cancelling({ id }: Owed): Carried {
  const method = CANCELLED
  const params = { requestId: id, reason: 'the client has gone' }
  return {
    text: JSON.stringify({ jsonrpc: '2.0', method, params }),
    messages: [{ kind: 'notification', method, params }],
  }
}
