import { SallyportError } from '../errors.ts'

/** Runs work with a cap on how much runs at once and on how much waits. */
export type WorkQueue = <Result>(work: () => Promise<Result>) => Promise<Result>

/**
 * Makes a queue, so that a flood of what is dear (the hash of a password, a signature) neither takes the processor from
 * other callers nor fills the memory.
 *
 * Fails closed: beyond `mostWaiting` the work is refused with `TOO_BUSY` and does not run.
 */
export function workQueue(atOnce: number, mostWaiting: number): WorkQueue {
  let running = 0
  const waiting: (() => void)[] = []
  const turn = async (): Promise<void> => {
    if (running < atOnce) {
      running += 1
      return
    }
    if (waiting.length >= mostWaiting) throw new SallyportError('TOO_BUSY', 'too many wait for their turn')
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return async (work) => {
    await turn()
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The turn is handed on, not given back: nobody can slip in between.
      if (next === undefined) running -= 1
      else next()
    }
  }
}
