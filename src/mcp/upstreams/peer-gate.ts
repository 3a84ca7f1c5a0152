/** Lets an upstream say so much in a second, and no more. */
export interface FloodGate {
  /** So many messages, of so many bytes, were taken. */
  took(messages: number, bytes: number): void
  /** So many ms were spent on what was taken. */
  worked(ms: number): void
  /** Nothing is read any more. */
  stop(): void
}

const SECOND = 1_000
/** Messages in a second; a message counts as one for so many bytes begun. */
const MOST = 20_000
const BYTES_EACH = 16_384
/** A ms of our time counts as so many: of each second, others have four fifths. */
const FOR_EACH_MS = 100

/**
 * Whoever says too much, or what is much work to read, has to wait until the second is over, and longer for what was much
 * more than that: what it says is not read, so that it takes no time from others.
 *
 * @param second how long one is, in ms
 */
export function floodGate(pause: () => void, resume: () => void, second: number = SECOND): FloodGate {
  let since = 0
  let taken = 0
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const begin = (now: number): void => {
    since = now
    taken = 0
  }
  const count = (weight: number): void => {
    const now = performance.now()
    if (timer === undefined && now - since >= second) begin(now)
    taken += weight
    if (taken < MOST || timer !== undefined || isOver) return
    pause()
    timer = setTimeout(
      () => {
        timer = undefined
        begin(performance.now())
        resume()
      },
      (second * taken) / MOST - (now - since),
    ).unref()
  }
  return {
    took: (messages, bytes) => count(messages + bytes / BYTES_EACH),
    worked: (ms) => count(ms * FOR_EACH_MS),
    stop() {
      isOver = true
      clearTimeout(timer)
    },
  }
}
