import { setTimeout as wait } from 'node:timers/promises'
import type { WrittenLine } from './piece.ts'

/** Where lines of the trail go beside their file. */
export interface Outlet {
  /** What it is called in messages, without a secret, as in `syslog tls://logs.example:6514`. */
  readonly name: string
  /** Resolves once all of them are where they should be; after a rejection all of them are sent again. */
  send(lines: readonly OutgoingLine[]): Promise<void>
  close(): Promise<void>
}

/** A line on its way. */
export interface OutgoingLine {
  readonly writer: string
  readonly written: WrittenLine
}

/** How a mirror does. */
export interface MirrorState {
  readonly name: string
  readonly waiting: number
  /** Lines that were given up, in all. */
  readonly dropped: number
  /** Whether the last attempt failed. */
  readonly isFailing: boolean
}

/** A copy of the trail, or of its checkpoints, that is kept elsewhere. */
export interface Mirror {
  /** Whether events are refused that do not get there in time. */
  readonly isRequired: boolean
  /** Resolves with whether all of them got there; never rejects. Lines that were dropped did not. */
  push(writer: string, lines: readonly WrittenLine[]): Promise<boolean>
  state(): MirrorState
  /** Sends what waits, once and not for long. Never rejects. */
  close(): Promise<void>
}

/** What {@link mirror} takes beside the outlet. */
export interface MirrorOptions {
  readonly isRequired?: boolean
  /** Only checkpoints: then it is an anchor. */
  readonly isAnchor?: boolean
  /** Told once when it begins to fail, and what was dropped when it works again: for the operator's log. */
  readonly onProblem?: (problem: string) => void
}

/** Lines that wait; beyond, the oldest are dropped. */
const MOST_WAITING = 10_000
/** Lines at once. */
const MOST_AT_ONCE = 500
/** Before the next attempt, in ms: twice as long each time. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [100, 5000]
/** How long a close waits for what is still to be sent, in ms. */
const LAST_WAIT = 2000

interface Parcel {
  readonly line: OutgoingLine
  readonly settle: (isThere: boolean) => void
}

/** Sends lines in their order, in the background, each until it is there or too many wait. */
export function mirror(outlet: Outlet, options: MirrorOptions = {}): Mirror {
  const { isRequired = false, isAnchor = false } = options
  const report = reporter(outlet.name, options.onProblem)
  const closing = new AbortController()
  const over = new AbortController()
  let parcels: Parcel[] = []
  let sending = 0
  let running: Promise<void> | undefined

  const pump = async (): Promise<void> => {
    for (let pause = FIRST_PAUSE; parcels.length > 0 && !over.signal.aborted;) {
      const isLastAttempt = closing.signal.aborted
      const batch = parcels.slice(0, MOST_AT_ONCE)
      sending = batch.length
      const isDone = await sent(outlet, batch, report)
      sending = 0
      if (isDone) parcels = parcels.slice(batch.length)
      else if (isLastAttempt) break
      else await wait(pause, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      pause = isDone ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE)
    }
    running = undefined
  }
  const drop = (many: number): void => {
    // What is on its way may arrive.
    for (const { settle } of parcels.splice(sending, many)) settle(false)
    report.dropped(many)
  }
  const push = async (writer: string, lines: readonly WrittenLine[]): Promise<boolean> => {
    const wanted = isAnchor ? lines.filter(({ event }) => event.event === 'audit.checkpoint') : lines
    const arrivals = wanted.map((written) => {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      parcels.push({ line: { writer, written }, settle: resolve })
      return promise
    })
    if (parcels.length > MOST_WAITING) drop(parcels.length - MOST_WAITING)
    if (parcels.length > 0) running ??= pump()
    return (await Promise.all(arrivals)).every(Boolean)
  }
  return {
    isRequired,
    push,
    state: () => ({ name: outlet.name, waiting: parcels.length, ...report.state() }),
    close: async () => {
      closing.abort()
      const late = wait(LAST_WAIT, undefined, { signal: over.signal }).catch(() => undefined)
      await Promise.race([running, late])
      over.abort()
      if (parcels.length > 0) drop(parcels.length)
      await outlet.close().catch(() => undefined)
    },
  }
}

async function sent(outlet: Outlet, batch: readonly Parcel[], report: Reporter): Promise<boolean> {
  try {
    await outlet.send(batch.map(({ line }) => line))
    report.works()
    for (const { settle } of batch) settle(true)
    return true
  } catch (error) {
    report.fails(error)
    return false
  }
}

interface Reporter {
  works(): void
  fails(error: unknown): void
  dropped(many: number): void
  state(): Pick<MirrorState, 'dropped' | 'isFailing'>
}

/** Says what begins and what ends, not every attempt. */
function reporter(name: string, tell: (problem: string) => void = () => undefined): Reporter {
  let isFailing = false
  let [dropped, untold] = [0, 0]
  const tellDropped = (): void => {
    if (untold > 0) tell(`${name}: ${untold} lines of the audit trail were not sent and are given up`)
    untold = 0
  }
  return {
    works() {
      if (isFailing) tell(`${name}: takes the audit trail again`)
      isFailing = false
      tellDropped()
    },
    fails(error) {
      if (!isFailing) tell(`${name}: does not take the audit trail: ${messageOf(error)}`)
      isFailing = true
    },
    dropped(many) {
      dropped += many
      if (untold === 0)
        tell(`${name}: more lines of the audit trail wait than are kept: the oldest are given up`)
      untold += many
    },
    state: () => ({ dropped, isFailing }),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
