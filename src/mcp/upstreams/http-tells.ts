import type { HttpAsk, HttpClient } from './http-client.ts'
import { exchange } from './http-exchange.ts'

/** Sends what gets no answer. */
export interface Tells {
  /** Fulfilled with the status, or with `undefined` when it was dropped or lost. */
  send(ask: HttpAsk): Promise<number | undefined>
}

/** So many are under way at once, and so many more wait. */
const AT_ONCE = 8
const MOST_WAITING = 256
/** Ms. */
const PATIENCE = 10_000
const LONGEST_ANSWER = 65_536

/** Sends what gets no answer, a few at a time; what is too much is dropped. */
export function tellsOver(client: HttpClient): Tells {
  const waiting: (() => void)[] = []
  let running = 0
  const run = async (ask: HttpAsk): Promise<number | undefined> => {
    running++
    const status = await statusOf(client, ask, PATIENCE)
    running--
    waiting.shift()?.()
    return status
  }
  return {
    async send(ask) {
      if (running < AT_ONCE) return run(ask)
      if (waiting.length >= MOST_WAITING) return undefined
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
      })
      return run(ask)
    },
  }
}

/**
 * Sends a request of which only the status is wanted.
 *
 * @param patience ms
 */
export async function statusOf(
  client: HttpClient,
  ask: HttpAsk,
  patience: number,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    let status: number | undefined
    const done = (): void => {
      clearTimeout(timer)
      resolve(status)
    }
    const { stop } = exchange(client, ask, LONGEST_ANSWER, {
      answered: (answered) => {
        status = answered
      },
      message: () => undefined,
      end: done,
    })
    const timer = setTimeout(() => {
      stop()
      done()
    }, patience)
  })
}
