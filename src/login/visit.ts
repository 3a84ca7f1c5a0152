import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Request, Response } from 'express'
import {
  cookieNamed,
  SESSION_COOKIE,
  sessionTokenFrom,
  type PresentedToken,
} from '../auth/session-credential.ts'
import { COOKIE_ATTRIBUTES } from './cookie-attributes.ts'
import { postedBody, type PostedBody } from './body.ts'
import { browserOf, type Browser } from './browser.ts'
import type { Caller, LoginOptions } from './options.ts'
import { wayBackOf, type WayBack } from './way-back.ts'

/** One request, as the routes see it: what it presents and posts, and the browser behind it. */
export interface Visit {
  readonly caller: Caller
  readonly presented: PresentedToken
  /** The `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined
  /** The `Host` header: the edge has checked that it is one of ours. */
  readonly host: string | undefined
  readonly body: PostedBody
  /** What stands in the address for a name of the route's path (`/auth/sessions/:id`); empty for a name that it has not. */
  parameter(name: string): string
  /** What stands in the address after the question mark, as it stands there; empty for nothing. */
  readonly query: string
  readonly wayBack: WayBack
  readonly browser: Browser
  /** What binds the form of a browser without a session to it; undefined if it has shown none. */
  readonly formSecret: string | undefined
  /** The same, made and given to the browser if it has none. */
  ensureFormSecret(): string
  /** Gives the browser what it will be known by; for how long, in ms. */
  keepDevice(cookie: string, life: number): void
}

const DEVICE_COOKIE = '__Host-sallyport-device'
const FORM_COOKIE = '__Host-sallyport-form'

const FORM_SECRET = /^[A-Za-z0-9_-]{43}$/

/** Longer user agents are cut. */
const LONGEST_USER_AGENT = 256

/** Reads a request that went through express-session and the body reader. */
export function visitOf(request: Request, response: Response, options: LoginOptions): Visit {
  const caller = callerOf(request, response)
  const bytes: unknown = request.body
  const formSecret = formSecretIn(request)
  return {
    caller,
    presented: presentedToken(request, options.keys.cookie),
    fetchSite: headerOf(request, 'sec-fetch-site'),
    host: request.headers.host,
    parameter: (name) => parameterIn(request, name),
    body: postedBody(Buffer.isBuffer(bytes) ? bytes : undefined, request.headers['content-type']),
    query: queryIn(request),
    wayBack: wayBackOf(request, response),
    browser: browserOf(request, response, (error) => options.onException(caller.requestId, error)),
    formSecret,
    ensureFormSecret: () => formSecret ?? newFormSecret(response),
    keepDevice: (cookie, life) =>
      void response.cookie(DEVICE_COOKIE, cookie, { ...COOKIE_ATTRIBUTES, maxAge: life }),
  }
}

/** Who asks. The request id and the key of the certificate were laid down by `loginApp`. */
export function callerOf(request: IncomingMessage, response: Response): Caller {
  const requestId: unknown = response.locals['requestId']
  const certificateKey: unknown = response.locals['certificateKey']
  const userAgent = request.headers['user-agent'] ?? ''
  // One that is there twice is none: whoever planted it must not keep its owner out.
  const device = cookieNamed(request.headers.cookie, DEVICE_COOKIE)
  return {
    requestId: typeof requestId === 'string' ? requestId : '',
    address: request.socket.remoteAddress ?? '',
    userAgent: userAgent.slice(0, LONGEST_USER_AGENT).replace(/[^\x20-\x7e]/g, '?'),
    ...(device.kind === 'found' ? { deviceCookie: device.value } : {}),
    ...(typeof certificateKey === 'string' ? { certificateKey } : {}),
  }
}

/** The credential of a request: a bearer token or the session cookie, and never both. */
export function presentedToken(request: IncomingMessage, keys: readonly string[]): PresentedToken {
  const cookie = cookieNamed(request.headers.cookie, SESSION_COOKIE)
  if (cookie.kind === 'refused') return cookie
  // Of two Authorization headers Node shows the first; joined they are no credential, so both are refused.
  const authorization = request.headersDistinct['authorization']?.join(', ')
  return sessionTokenFrom({ authorization, cookie: cookie.kind === 'found' ? cookie.value : undefined }, keys)
}

/** A header that no valid request has twice; two of them are joined to what is no valid value. */
export function headerOf(request: IncomingMessage, name: 'sec-fetch-site' | 'origin'): string | undefined {
  return request.headersDistinct[name]?.join(', ')
}

function parameterIn({ params }: Request, name: string): string {
  const value = params[name]
  return typeof value === 'string' ? value : ''
}

function queryIn({ url }: Request): string {
  const mark = url.indexOf('?')
  return mark < 0 ? '' : url.slice(mark + 1)
}

function formSecretIn(request: IncomingMessage): string | undefined {
  const cookie = cookieNamed(request.headers.cookie, FORM_COOKIE)
  return cookie.kind === 'found' && FORM_SECRET.test(cookie.value) ? cookie.value : undefined
}

function newFormSecret(response: Response): string {
  const secret = randomBytes(32).toString('base64url')
  response.cookie(FORM_COOKIE, secret, COOKIE_ATTRIBUTES)
  return secret
}
