/** Lets an upstream say so much in a second, and no more. */
export interface FloodGate {
  /** So many messages, of so many bytes, were taken. */
  took(messages: number, bytes: number): void
  /** Nothing is read any more. */
  stop(): void
}

const SECOND = 1_000
/** Messages in a second; a message counts as one for so many bytes begun. */
const MOST = 20_000
const BYTES_EACH = 16_384

/**
 * Whoever says too much has to wait until the second is over: what it says is not read, so that it takes no time from
 * others.
 *
 * @param second how long one is, in ms
 */
export function floodGate(pause: () => void, resume: () => void, second: number = SECOND): FloodGate {
  let since = 0
  let taken = 0
  let timer: NodeJS.Timeout | undefined
  return {
    took(messages, bytes) {
      const now = performance.now()
      if (now - since >= second) {
        since = now
        taken = 0
      }
      taken += messages + bytes / BYTES_EACH
      if (taken < MOST || timer !== undefined) return
      pause()
      timer = setTimeout(
        () => {
          timer = undefined
          resume()
        },
        second - (now - since),
      ).unref()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}
