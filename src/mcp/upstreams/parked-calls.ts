import { createHash, randomBytes } from 'node:crypto'
import { canonicalJson } from '../../audit/canonical-json.ts'
import type { ClientAnswer, ClientRequest, LogLine, Progress } from '../calling-client.ts'
import { isRecord } from '../record.ts'
import type { UpstreamAnswer } from './connection.ts'

/** Whose call it is, and of what: only the very same call takes it up again. */
export interface ParkedCall {
  /** As in `service:billing`. */
  readonly principal: string
  readonly upstream: string
  readonly method: string
  /** The upstream's own name, or URI. */
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** One request of a client, during which the call goes on. */
export interface OpenRound {
  /** Aborted when the client of this round goes away, which ends the whole call. */
  readonly signal: AbortSignal
  readonly progress?: (progress: Progress) => void
  readonly log: (line: LogLine) => void
}

/** What the call itself sees: one client, whose rounds it does not notice. */
export interface HeldCall {
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
  readonly log: (line: LogLine) => void
  /** Ends the round, and waits for the client to come back with the answer. */
  readonly ask: (request: ClientRequest, signal: AbortSignal) => Promise<ClientAnswer>
}

/** How a round ends. */
export type RoundEnd =
  | { readonly kind: 'answered'; readonly answer: UpstreamAnswer }
  /** The client is to answer these, by their keys, and to come back with the id. */
  | {
      readonly kind: 'asked'
      readonly id: string
      readonly requests: Readonly<Record<string, ClientRequest>>
    }

/** Calls that wait at a 2025-era upstream while a client of 2026-07-28, which cannot be asked, comes back with an answer. */
export interface ParkedCalls {
  /** Begins a call, with its first round. Never rejects if `start` never does. */
  begin(
    call: ParkedCall,
    round: OpenRound,
    start: (held: HeldCall) => Promise<UpstreamAnswer>,
  ): Promise<RoundEnd>
  /**
   * Hands the answers over and waits for the end, or for the next question. `undefined` for an id that is no call's, was
   * used before, is another principal's or of another call: nothing has happened then.
   */
  resume(
    id: string,
    call: ParkedCall,
    round: OpenRound,
    responses: Readonly<Record<string, unknown>>,
  ): Promise<RoundEnd> | undefined
  /** How many wait for their client. */
  size(): number
  /** Cancels all that wait. */
  close(): void
}

/** What {@link parkedCalls} takes. Times in ms. */
export interface ParkedCallsOptions {
  /** Ms since the epoch, or of any clock. */
  readonly now: () => number
  /** How many calls of one principal may wait at once; 16 unless given. */
  readonly perPrincipal?: number
  /** How many calls may wait at once; 1,024 unless given. */
  readonly most?: number
  /** How long a call waits for its client; 5 minutes unless given. */
  readonly patience?: number
}

/** What an upstream may ask at once in one call. */
const MOST_QUESTIONS = 8

const UNANSWERED: ClientAnswer = { kind: 'unanswered' }

interface Question {
  readonly key: string
  readonly request: ClientRequest
  readonly answer: (answer: ClientAnswer) => void
}

/** A call that runs, in a round or between two. */
interface Running {
  readonly call: ParkedCall
  readonly controller: AbortController
  readonly questions: Map<string, Question>
  round: { readonly open: OpenRound; readonly end: (end: RoundEnd) => void } | undefined
  asked: number
}

interface Parked {
  readonly running: Running
  readonly digest: string
  readonly until: number
}

/**
 * Holds calls between the rounds of their clients, on this node. What nobody comes back for in time is cancelled and
 * forgotten, and what ends in between as well: the id leads nowhere then.
 *
 * Fails closed: an id is good for one round. Beyond the bounds nobody is asked, and the upstream is told so.
 */
export function parkedCalls(options: ParkedCallsOptions): ParkedCalls {
  const { now, perPrincipal = 16, most = 1024, patience = 5 * 60_000 } = options
  /** In the order in which they end. */
  const parked = new Map<string, Parked>()
  const counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  const mayPark = ({ principal }: ParkedCall): boolean =>
    parked.size < most && (counts.get(principal) ?? 0) < perPrincipal

  const park = (running: Running): string => {
    const id = randomBytes(16).toString('base64url')
    const { principal, args } = running.call
    parked.set(id, { running, digest: digestOf(args), until: now() + patience })
    counts.set(principal, (counts.get(principal) ?? 0) + 1)
    wake()
    return id
  }
  const take = (id: string): void => {
    const { running } = parked.get(id) ?? {}
    if (running === undefined || !parked.delete(id)) return
    const { principal } = running.call
    const left = (counts.get(principal) ?? 0) - 1
    if (left > 0) counts.set(principal, left)
    else counts.delete(principal)
  }
  const giveUp = (id: string, { running }: Parked): void => {
    take(id)
    running.controller.abort()
    answerAll(running, UNANSWERED)
  }
  const expire = (): void => {
    timer = undefined
    for (const [id, one] of parked) if (one.until <= now()) giveUp(id, one)
    wake()
  }
  const wake = (): void => {
    const [first] = parked.values()
    if (first === undefined) clearTimeout(timer)
    if (first === undefined) timer = undefined
    else timer ??= setTimeout(expire, Math.max(0, first.until - now())).unref()
  }
  /** Ends the round with all that is asked by now. */
  const endWithQuestions = (running: Running): void => {
    const { round } = running
    if (round === undefined) return
    running.round = undefined
    const requests = Object.fromEntries([...running.questions].map(([key, { request }]) => [key, request]))
    round.end({ kind: 'asked', id: park(running), requests })
  }
  const ask = async (
    running: Running,
    request: ClientRequest,
    signal: AbortSignal,
  ): Promise<ClientAnswer> => {
    const { questions, call, controller } = running
    const either = AbortSignal.any([signal, controller.signal])
    if (either.aborted || questions.size >= MOST_QUESTIONS || !mayPark(call)) return UNANSWERED
    const { promise, resolve } = Promise.withResolvers<ClientAnswer>()
    const key = `ask-${++running.asked}`
    questions.set(key, { key, request, answer: resolve })
    const withdrawn = (): void => resolve(UNANSWERED)
    either.addEventListener('abort', withdrawn)
    endWithQuestions(running)
    return promise.finally(() => {
      either.removeEventListener('abort', withdrawn)
      questions.delete(key)
    })
  }
  /** Opens a round of a call, and waits for its end. */
  const open = async (running: Running, round: OpenRound): Promise<RoundEnd> => {
    const { promise, resolve } = Promise.withResolvers<RoundEnd>()
    running.round = { open: round, end: resolve }
    const leave = (): void => running.controller.abort()
    if (round.signal.aborted) leave()
    round.signal.addEventListener('abort', leave)
    // Some of what was asked may still be.
    if (running.questions.size > 0) endWithQuestions(running)
    return promise.finally(() => round.signal.removeEventListener('abort', leave))
  }
  const over = (running: Running, answer: UpstreamAnswer): void => {
    const { round } = running
    running.round = undefined
    if (round !== undefined) round.end({ kind: 'answered', answer })
    else for (const [id, one] of parked) if (one.running === running) take(id)
    wake()
  }

  return {
    async begin(call, round, start) {
      const running: Running = {
        call,
        controller: new AbortController(),
        questions: new Map(),
        round: undefined,
        asked: 0,
      }
      const end = open(running, round)
      const held: HeldCall = {
        signal: running.controller.signal,
        progress: (progress) => running.round?.open.progress?.(progress),
        log: (line) => running.round?.open.log(line),
        ask: async (request, signal) => ask(running, request, signal),
      }
      void start(held).then((answer) => over(running, answer))
      return end
    },
    resume(id, call, round, responses) {
      const found = parked.get(id)
      if (found === undefined || found.until <= now() || !isSame(found, call)) return undefined
      take(id)
      wake()
      const { running } = found
      answerBy(running, responses)
      return open(running, round)
    },
    size: () => parked.size,
    close() {
      for (const [id, one] of parked) giveUp(id, one)
      wake()
    },
  }
}

function isSame({ running: { call }, digest }: Parked, other: ParkedCall): boolean {
  return (
    call.principal === other.principal &&
    call.upstream === other.upstream &&
    call.method === other.method &&
    call.name === other.name &&
    digest === digestOf(other.args)
  )
}

function digestOf(args: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(canonicalJson(args)).digest('base64url')
}

/** What is no answer to a question of this call is dropped; what was asked and not answered is asked again. */
function answerBy({ questions }: Running, responses: Readonly<Record<string, unknown>>): void {
  for (const { key, answer } of questions.values()) {
    const result = Object.hasOwn(responses, key) ? responses[key] : undefined
    if (!isRecord(result)) continue
    questions.delete(key)
    answer({ kind: 'result', result })
  }
}

function answerAll({ questions }: Running, said: ClientAnswer): void {
  for (const { answer } of questions.values()) answer(said)
  questions.clear()
}
