/** When a call ends. */
export interface CallSignals {
  /** Aborted with the first of what it was made of: nobody waits for the answer. */
  readonly signal: AbortSignal
  /** The same, and aborted when the handler has ended: what it still says, nobody hears. */
  readonly heard: AbortSignal
  readonly over: () => void
}

/** Made once, since making an error looks at the stack. */
const OVER = new DOMException('The call is over', 'AbortError')

/**
 * Signals of one call. The sources end with the request that they are of, so that they may know of these: what
 * `AbortSignal.any` does for sources that live longer costs every call time, and the garbage collector more.
 */
export function callSignals(sources: readonly AbortSignal[]): CallSignals {
  const [call, hearing] = [new AbortController(), new AbortController()]
  const end = (reason: unknown): void => {
    call.abort(reason)
    hearing.abort(reason)
  }
  for (const source of sources) {
    if (source.aborted) end(source.reason)
    else source.addEventListener('abort', () => end(source.reason), { once: true })
  }
  return { signal: call.signal, heard: hearing.signal, over: () => hearing.abort(OVER) }
}
