import { isRecord, type Params, type RpcId } from '../../wire/message.ts'
import type { ClientAnswer, ClientRequest } from '../calling-client.ts'
import { isClientMethod } from '../missing-capabilities.ts'
import type { UpstreamRequest } from './connection.ts'
import { plainText } from './peer-answer.ts'
import type { Deadline } from './peer-deadline.ts'
import type { Told } from './peer-wire.ts'

/** What an upstream of the 2025 era asks in the middle of one call. */
export interface Asks {
  /** Answers a request of the upstream, sooner or later. */
  take(id: RpcId, method: string, params: Params): void
  /** The upstream has no use for an answer any more. */
  withdraw(id: unknown): void
  /** The call is over: nobody is asked any more. */
  end(): void
}

const METHOD_NOT_FOUND = -32601
const INTERNAL_ERROR = -32603
/** So many questions of one call may be open. */
const MOST_OPEN = 8
const LONGEST_MESSAGE = 1024

/** Answers what is asked of nobody: an upstream may find out whether we are alive, and nothing else. */
export function answerAlone(id: RpcId, method: string, tell: (told: Told) => void): void {
  if (method === 'ping') tell({ id, result: {} })
  else tell(refusal(id, METHOD_NOT_FOUND, 'Nobody can answer this here'))
}

/** Hands the questions of one call to its client, and what that says to the upstream. Meanwhile the call's time stands still. */
export function asksOf(
  { onAsk }: Pick<UpstreamRequest, 'onAsk'>,
  deadline: Pick<Deadline, 'pause' | 'resume'>,
  tell: (told: Told) => void,
): Asks {
  const open = new Map<RpcId, AbortController>()
  const answer = async (id: RpcId, request: ClientRequest, ask: NonNullable<typeof onAsk>): Promise<void> => {
    const abort = new AbortController()
    open.set(id, abort)
    deadline.pause()
    const answered = await askOf(ask, request, abort.signal)
    const isWanted = close(id)
    if (isWanted) tell(toldOf(id, answered))
  }
  const close = (id: RpcId): boolean => {
    const wasOpen = open.delete(id)
    if (wasOpen && open.size === 0) deadline.resume()
    return wasOpen
  }
  return {
    take(id, method, params) {
      if (onAsk === undefined || !isClientMethod(method)) return answerAlone(id, method, tell)
      if (open.has(id) || open.size >= MOST_OPEN)
        return tell(refusal(id, INTERNAL_ERROR, 'Too many requests are open'))
      const { _meta, ...rest } = params
      void answer(id, { method, params: rest }, onAsk)
    },
    withdraw(id) {
      if (typeof id !== 'string' && typeof id !== 'number') return
      const abort = open.get(id)
      close(id)
      abort?.abort()
    },
    end() {
      const all = [...open]
      open.clear()
      for (const [, abort] of all) abort.abort()
    },
  }
}

/** Who is asked must not throw; if it does all the same, nobody has answered. */
async function askOf(
  ask: NonNullable<UpstreamRequest['onAsk']>,
  request: ClientRequest,
  signal: AbortSignal,
): Promise<ClientAnswer> {
  try {
    return await ask(request, signal)
  } catch {
    return { kind: 'unanswered' }
  }
}

function toldOf(id: RpcId, answer: ClientAnswer): Told {
  switch (answer.kind) {
    case 'result':
      return { id, result: answer.result }
    case 'error':
      return refusal(id, answer.code, plainText(answer.message, LONGEST_MESSAGE))
    case 'unanswered':
      return refusal(id, INTERNAL_ERROR, 'Nobody has answered')
  }
}

function refusal(id: RpcId, code: number, message: string): Told {
  return { id, error: { code, message } }
}

/** The id of a request of the upstream, if it has a usable one. */
export function askedId(message: Params): RpcId | undefined {
  const { id } = message
  if (typeof id === 'number') return Number.isFinite(id) ? id : undefined
  return typeof id === 'string' && id.length <= 256 ? id : undefined
}

/** Parameters of a message; empty where there are none. */
export function paramsOf({ params }: Params): Params {
  return isRecord(params) ? params : {}
}
