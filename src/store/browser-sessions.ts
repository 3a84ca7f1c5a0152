import { createHash } from 'node:crypto'
import { Store, type SessionData } from 'express-session'
import { SallyportError } from '../errors.ts'
import { unavailable } from './unavailable.ts'

/** How long the state of a browser is kept after its last use, in ms. It is no credential; this is housekeeping. */
export const BROWSER_STATE_TTL: number = 24 * 60 * 60 * 1000

/** The most bytes of JSON that one browser may have. */
const LARGEST_STATE = 4_096

type Done = (error?: unknown) => void

/**
 * A store of express-session that keeps every entry under the hex SHA-256 of its id, because the id is the session
 * token. What it keeps is bounded and is refused if it contains the id; every error is `STORE_UNAVAILABLE`.
 */
export class BrowserSessions extends Store {
  readonly #inner: Store

  constructor(inner: Store) {
    super()
    this.#inner = inner
  }

  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#inner.get(digest(id), (error: unknown, session) => done(asUnavailable(error), session))
  }

  override set(id: string, session: SessionData, done?: Done): void {
    const problem = problemWith(id, session)
    if (problem === undefined) this.#inner.set(digest(id), session, finished(done))
    else done?.(problem)
  }

  override destroy(id: string, done?: Done): void {
    this.#inner.destroy(digest(id), finished(done))
  }

  override touch(id: string, session: SessionData, done?: Done): void {
    if (this.#inner.touch === undefined) done?.()
    else this.#inner.touch(digest(id), session, finished(done))
  }
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}

function finished(done: Done | undefined): Done {
  return (error) => done?.(asUnavailable(error))
}

function asUnavailable(error: unknown): unknown {
  if (error === undefined || error === null) return undefined
  return error instanceof SallyportError
    ? error
    : unavailable('the store of browser sessions does not answer', error)
}

function problemWith(id: string, session: SessionData): SallyportError | undefined {
  const text = JSON.stringify(session)
  if (Buffer.byteLength(text) > LARGEST_STATE)
    return new SallyportError('QUOTA_EXCEEDED', `a browser session holds more than ${LARGEST_STATE} bytes`)
  if (text.includes(id))
    return new SallyportError(
      'STORE_UNAVAILABLE',
      'a browser session holds its own id, which is never stored',
    )
  return undefined
}
