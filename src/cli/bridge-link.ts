import { setTimeout as wait } from 'node:timers/promises'

/** Whether the server can be reached, for all that wait for it. */
export interface Link {
  /** The server has answered something. */
  reached(): void
  /** A connection failed: the server is tried until it answers. */
  lost(): void
  /** Something has changed: a server that is being tried is tried at once. */
  hurry(): void
  /** Resolves with true once the server answers, with false when `patience` (ms) is over or `signal` aborts. */
  reachable(patience: number, signal: AbortSignal): Promise<boolean>
  /** Why it cannot be reached; `undefined` while it can, as far as is known. */
  problem(): string | undefined
}

/** What {@link linkTo} takes. */
export interface LinkOptions {
  /** Asks the server for anything; resolves with what is wrong, or with `undefined` when it answers. */
  readonly probe: () => Promise<string | undefined>
  /** Told when the server answers for the first time. */
  readonly greeting: string
  /** Told once when the server turns out to be gone, and once when it is back. */
  readonly tell: (line: string) => void
  /** Ends the trying. */
  readonly signal: AbortSignal
}

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5_000

/**
 * Tries a server that was lost, at growing intervals with jitter, one try at a time however many wait for it. It is tried
 * once at the beginning, so that nothing is sent to a server that does not take us.
 */
export function linkTo({ probe, greeting, tell, signal }: LinkOptions): Link {
  let problem: string | undefined
  let trying: Promise<void> | undefined
  let isKnown = false
  let found = Promise.withResolvers<void>()
  let hurried = Promise.withResolvers<void>()
  const reached = (): void => {
    if (!isKnown) tell(greeting)
    else if (problem !== undefined) tell('the server answers again')
    isKnown = true
    problem = undefined
    found.resolve()
    found = Promise.withResolvers()
  }
  const tryUntilReached = async (): Promise<void> => {
    for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const wrong = await probe()
      if (wrong === undefined) return reached()
      if (problem === undefined && !signal.aborted) tell(`${wrong}; trying again`)
      problem = wrong
      hurried = Promise.withResolvers()
      await Promise.race([hurried.promise, rest(pause * (0.5 + Math.random()), signal)])
    }
  }
  const lost = (): void => {
    trying ??= tryUntilReached().finally(() => {
      trying = undefined
    })
  }
  lost()
  return {
    reached,
    lost,
    hurry: () => hurried.resolve(),
    problem: () => problem,
    async reachable(patience, caller) {
      const over = AbortSignal.any([caller, signal])
      if (over.aborted) return false
      if (trying === undefined) return true
      const back = found.promise.then(() => true)
      if (patience === Infinity) return Promise.race([back, aborted(over)])
      return Promise.race([back, wait(patience, false, { signal: over }).catch(() => false)])
    },
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined)
}

async function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true })
  })
}
