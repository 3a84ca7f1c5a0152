import { randomBytes } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import session from 'express-session'
import { SESSION_COOKIE } from '../auth/session-credential.ts'
import { COOKIE_ATTRIBUTES } from './cookie-attributes.ts'
import type { LoginOptions } from './options.ts'

declare module 'express-session' {
  interface SessionData {
    notice?: Notice
  }
}

/** What the next page tells, once. */
export type Notice = 'password_changed' | 'session_ended' | 'other_sessions_ended'

/** The browser behind a request. Its cookie holds the session token, as the id of its express-session. */
export interface Browser {
  /** Gives it a session token to hold, in a new express-session. */
  hold(token: string, notice?: Notice): Promise<void>
  /**
   * Takes the cookie away, and what was kept, here and in the browser (ASVS 5.0, 14.3.1). Goes through when the store
   * cannot answer.
   */
  forget(): Promise<void>
  /** What is to be told, which is then forgotten. */
  takeNotice(): Notice | undefined
}

/** What a browser may still have of an account. Not its other cookies: it stays a known device (`known-device.ts`). */
const LEFT_BEHIND = '"cache", "storage"'

/** Where the next id of an express-session is laid down, for `genid` to find it. */
const NEXT_ID = 'nextSessionId'

/**
 * express-session, for the state of a browser alone: what it keeps is no credential, and what it writes late brings
 * nothing back. A browser that holds no session token gets no cookie, and nothing is kept for it.
 */
export function browserSessions({ keys, browserSessions: store }: LoginOptions): RequestHandler {
  return session({
    name: SESSION_COOKIE,
    secret: [...keys.cookie],
    store,
    cookie: { ...COOKIE_ATTRIBUTES },
    genid: (request) => {
      const id: unknown = request.res?.locals[NEXT_ID]
      return typeof id === 'string' ? id : randomBytes(32).toString('base64url')
    },
    resave: false,
    saveUninitialized: false,
    rolling: false,
  })
}

/** The browser of a request that went through {@link browserSessions}. */
export function browserOf(request: Request, response: Response, onFault: (error: unknown) => void): Browser {
  return {
    async hold(token, notice) {
      response.locals[NEXT_ID] = token
      await new Promise<void>((resolve, reject) => {
        request.session.regenerate((error) => (isFault(error) ? reject(error) : resolve()))
      })
      if (notice !== undefined) request.session.notice = notice
    },
    async forget() {
      await new Promise<void>((resolve) => {
        request.session.destroy((error) => {
          if (isFault(error)) onFault(error)
          resolve()
        })
      })
      response.clearCookie(SESSION_COOKIE, COOKIE_ATTRIBUTES)
      response.set('clear-site-data', LEFT_BEHIND)
    },
    takeNotice() {
      const { notice } = request.session
      delete request.session.notice
      return notice
    },
  }
}

function isFault(error: unknown): error is Error {
  return error instanceof Error
}
