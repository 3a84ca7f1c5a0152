import { once } from 'node:events'
import type { Writable } from 'node:stream'
import {
  errorText,
  oneLine,
  onlyMessage,
  type Carried,
  type RpcId,
  type RpcMessage,
} from '../wire/message.ts'

/** A request of the client that is not yet answered. */
export interface Owed {
  readonly id: RpcId
  readonly method: string
  /** Of MCP 2026-07-28: to close the stream of its answer is to cancel it. */
  readonly isModern: boolean
  readonly abort: AbortController
  /** Whether all of it was handed to a connection. */
  isSent: boolean
  /** Told of the answer before the client gets it. */
  onAnswer?: (answer: Response) => void
}

type Response = Extract<RpcMessage, { kind: 'response' }>

/** The client on standard output: what it gets, and what it is owed. */
export interface ClientSide {
  /** From now on the request is owed an answer. */
  owe(request: Pick<Owed, 'id' | 'method' | 'isModern'>): Owed
  owed(id: unknown): Owed | undefined
  isOwed(owed: Owed): boolean
  allOwed(): readonly Owed[]
  /** The client wants no answer any more. */
  forget(owed: Owed): void
  /**
   * Gives it what the server sent, as it came. An answer that it is not owed (it has cancelled, or was told that there
   * will be none) is dropped. Resolves when more can be given.
   */
  give(carried: Carried): Promise<void>
  /** Answers a request with an error, if it is still owed an answer. */
  fail(owed: Owed, message: string, code?: number, data?: unknown): Promise<void>
  /** Says what is no answer and no message of the server. */
  say(text: string): Promise<void>
}

/** What the bridge itself answers with, unless there is a better one (JSON-RPC 2.0, section 5.1: server errors). */
export const BRIDGE_ERROR = -32000

/** Keeps account of what a client is owed, and writes one message per line. */
export function clientSide(output: Writable): ClientSide {
  const owing = new Map<RpcId, Owed>()
  const say = async (text: string): Promise<void> => {
    if (output.write(`${oneLine(text)}\n`)) return
    // A client that has gone away is told nothing more; who reads its input notices.
    await Promise.race([once(output, 'drain'), once(output, 'close')]).catch(() => undefined)
  }
  const settle = (message: RpcMessage): boolean => {
    if (message.kind !== 'response') return true
    const owed = message.id === null ? undefined : owing.get(message.id)
    if (owed === undefined) return false
    owing.delete(owed.id)
    owed.onAnswer?.(message)
    return true
  }
  return {
    owe({ id, method, isModern }) {
      const owed = { id, method, isModern, abort: new AbortController(), isSent: false }
      owing.set(id, owed)
      return owed
    },
    owed: (id) => (typeof id === 'string' || typeof id === 'number' ? owing.get(id) : undefined),
    isOwed: (owed) => owing.get(owed.id) === owed,
    allOwed: () => [...owing.values()],
    forget(owed) {
      if (owing.get(owed.id) === owed) owing.delete(owed.id)
    },
    async give(carried) {
      const wanted = carried.messages.map((message) => settle(message))
      if (wanted.some(Boolean)) await say(carried.text)
    },
    async fail(owed, message, code = BRIDGE_ERROR, data?: unknown) {
      if (owing.get(owed.id) !== owed) return
      owing.delete(owed.id)
      await say(errorText(owed.id, code, message, data))
    },
    say,
  }
}

/** The one answer that a body carries, if that is what it carries. */
export function answerIn(carried: Carried): Response | undefined {
  const message = onlyMessage(carried)
  return message?.kind === 'response' ? message : undefined
}
