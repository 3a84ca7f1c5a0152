import type { RefusalReason } from '../auth/authenticator.ts'
import { isSallyportError } from '../errors.ts'

/** Every reason why this door answers with an error of its own. */
export type ProblemCode =
  | 'access_denied'
  | 'authorization_pending'
  | 'bad_request'
  | 'body_too_large'
  | 'expired_token'
  | 'form_expired'
  | 'internal_error'
  | 'invalid_credentials'
  | 'method_not_allowed'
  | 'not_found'
  | 'origin_not_allowed'
  | 'password_refused'
  | 'rate_limited'
  | 'slow_down'
  | 'reauthentication_required'
  | 'conflict'
  | 'unauthenticated'
  | 'unavailable'
  | 'unsupported_media_type'

/** An error answer. The words are for the caller: they say nothing about why a credential was not good. */
export interface Problem {
  readonly code: ProblemCode
  readonly message: string
  /** Whole seconds to wait, for `Retry-After`. */
  readonly retryAfter?: number
  /** For the audit trail, when a credential or a site was refused. */
  readonly reason?: RefusalReason
}

const WORDS: Readonly<Record<ProblemCode, readonly [status: number, message: string]>> = {
  access_denied: [400, 'This login was denied, or is not possible any more.'],
  authorization_pending: [400, 'Nobody has approved this login yet.'],
  bad_request: [400, 'The request is not acceptable.'],
  body_too_large: [413, 'The request body is too large.'],
  expired_token: [400, 'This login is over: begin another one.'],
  form_expired: [403, 'This form was open for too long, or is not from this browser. Please try again.'],
  internal_error: [500, 'Something went wrong.'],
  invalid_credentials: [401, 'User name or password is not right.'],
  method_not_allowed: [405, 'The method is not allowed here.'],
  not_found: [404, 'There is nothing here.'],
  origin_not_allowed: [403, 'Requests of this origin are not allowed.'],
  password_refused: [400, 'The password is not acceptable.'],
  rate_limited: [429, 'Too many tries. Please wait, then try again.'],
  reauthentication_required: [403, 'Please prove again that it is you, then try again.'],
  conflict: [409, 'This is not possible now.'],
  slow_down: [400, 'Nobody has approved this login yet. Ask less often.'],
  unauthenticated: [401, 'This request was not authenticated.'],
  unavailable: [503, 'This cannot be done at the moment. Please try again.'],
  unsupported_media_type: [415, 'Send application/json in UTF-8, not compressed.'],
}

/** A problem with its usual words, or with others. */
export function problem(code: ProblemCode, message: string = WORDS[code][1]): Problem {
  return { code, message }
}

/** What a caller is told whose credential was refused; the reason is for the audit trail. */
export function refusal(reason: RefusalReason): Problem {
  const isSite = reason === 'cross_site' || reason === 'origin_not_allowed'
  return { ...problem(isSite ? 'origin_not_allowed' : 'unauthenticated'), reason }
}

export function statusOf({ code }: Problem): number {
  return WORDS[code][0]
}

/** The headers that belong to a status (RFC 9110). A body that is not read to its end costs the connection. */
export function headersOf(one: Problem): Readonly<Record<string, string>> {
  if (one.retryAfter !== undefined) return { 'retry-after': String(one.retryAfter) }
  return HEADERS.get(statusOf(one)) ?? {}
}

/** What a caller is told who tries too often. */
export function tooMany(seconds: number): Problem {
  const message = `Too many tries. Please wait ${inWords(seconds)}, then try again.`
  return { ...problem('rate_limited', message), retryAfter: seconds, reason: 'rate_limited' }
}

/** Rounded up: who waits that long need not wait again. */
function inWords(seconds: number): string {
  const [count, unit] = seconds <= 90 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute']
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}

const HEADERS: ReadonlyMap<number, Readonly<Record<string, string>>> = new Map([
  [401, { 'www-authenticate': 'Bearer' }],
  [413, { connection: 'close' }],
  [503, { 'retry-after': '1' }],
])

/** What a caller is told about an exception: whether trying again may help, and nothing else. */
export function problemOf(error: unknown): Problem {
  const passing = ['STORE_UNAVAILABLE', 'AUDIT_UNAVAILABLE', 'TOO_BUSY'] as const
  if (passing.some((code) => isSallyportError(error, code))) return problem('unavailable')
  // An address with a "%" that Express cannot decode.
  if (error instanceof URIError) return problem('not_found')
  return problem(BODY_FAULTS.get(typeOf(error)) ?? 'internal_error')
}

/** What the body reader of Express says. */
const BODY_FAULTS: ReadonlyMap<unknown, ProblemCode> = new Map<unknown, ProblemCode>([
  ['entity.too.large', 'body_too_large'],
  ['encoding.unsupported', 'unsupported_media_type'],
  ['request.aborted', 'bad_request'],
  ['request.size.invalid', 'bad_request'],
])

function typeOf(error: unknown): unknown {
  return error instanceof Error && 'type' in error ? error.type : undefined
}
