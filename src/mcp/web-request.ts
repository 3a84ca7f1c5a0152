/** A request without its body, as the SDK takes it. */
export interface WebRequestParts {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  /** What the request has as its signal: this very one. */
  readonly signal: AbortSignal
}

/**
 * Makes a `Request` of the web. The signal is put there instead of handed over: a `Request` that is handed one makes its
 * own, and has the two let go of each other by a finalizer, which keeps all that hangs on them until a full collection.
 */
export function webRequest({ url, method, headers, signal }: WebRequestParts): Request {
  return Object.defineProperty(new Request(url, { method, headers }), 'signal', { value: signal })
}
