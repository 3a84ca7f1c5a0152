import { connect, type Socket } from 'node:net'
import type { Issuer, IssuerAnswer } from '../http/issuer.ts'
import { workQueue } from '../login/work-queue.ts'
import { linesOf, parseReply, type IssuerReply, type IssuerRequest } from './issuer-message.ts'

/** How long it may take to be let in, and to be answered, in ms. */
export interface IssuerTimeouts {
  readonly connect: number
  readonly answer: number
}

/** Whoever signs may wait for the ledger as long as that. */
const TIMEOUTS: IssuerTimeouts = { connect: 1_000, answer: 10_000 }

/** The issuer does one thing at a time, and lets so many in: the others wait here. */
const AT_ONCE = 8
const MOST_WAITING = 512

const UNAVAILABLE: IssuerAnswer = { kind: 'refused', reason: 'issuer_unavailable' }

type Asked = IssuerRequest extends infer Request
  ? Request extends unknown
    ? Omit<Request, 'id'>
    : never
  : never

/**
 * The issuer that listens at a Unix socket, asked on a connection of its own each time, a few at once.
 *
 * Fails closed: never rejects; nobody there, no answer in time, an answer that is none, too many who wait: all of it is
 * `issuer_unavailable`.
 */
export function issuerAt(path: string, timeouts: IssuerTimeouts = TIMEOUTS): Issuer {
  const inTurn = workQueue(AT_ONCE, MOST_WAITING)
  const certificateFor = async (asked: Asked): Promise<IssuerAnswer> => {
    const reply = await inTurn(async () => ask(path, asked, timeouts)).catch(() => undefined)
    return reply === undefined || reply.kind === 'root' ? UNAVAILABLE : answerIn(reply)
  }
  return {
    renew: async (certificate, request) => certificateFor({ op: 'renew', certificate, request }),
    enroll: async (token, request) => certificateFor({ op: 'enroll', token, request }),
  }
}

/** Whether an issuer answers at a Unix socket. */
export async function issuerAnswers(path: string): Promise<boolean> {
  return (await ask(path, { op: 'root' }, TIMEOUTS))?.kind === 'root'
}

function answerIn(reply: Extract<IssuerReply, { kind: 'issued' | 'refused' }>): IssuerAnswer {
  return reply.kind === 'issued'
    ? { kind: 'issued', issued: reply.issued }
    : { kind: 'refused', reason: reply.reason }
}

async function ask(path: string, asked: Asked, timeouts: IssuerTimeouts): Promise<IssuerReply | undefined> {
  const socket = connect({ path })
  const tooLate = setTimeout(() => socket.destroy(), timeouts.connect)
  socket.once('connect', () => {
    clearTimeout(tooLate)
    socket.setTimeout(timeouts.answer, () => socket.destroy())
    socket.write(`${JSON.stringify({ id: 1, ...asked })}\n`)
  })
  try {
    return await firstReply(socket)
  } catch {
    return undefined
  } finally {
    clearTimeout(tooLate)
    socket.destroy()
  }
}

async function firstReply(socket: Socket): Promise<IssuerReply | undefined> {
  for await (const line of linesOf(socket)) {
    const reply = parseReply(line)
    return reply?.id === 1 ? reply : undefined
  }
  return undefined
}
