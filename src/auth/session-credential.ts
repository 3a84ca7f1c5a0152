import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RefusalReason } from './authenticator.ts'
import { slotOfToken } from './session-token.ts'

/** The cookie that holds a session token. The `__Host-` prefix binds it to this host, to TLS and to the path `/`. */
export const SESSION_COOKIE = '__Host-sallyport'

/** A session token that was presented, where from, or why what was presented is none. */
export type PresentedToken =
  | { readonly kind: 'absent' }
  | { readonly kind: 'token'; readonly token: string; readonly from: 'cookie' | 'bearer' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/** One cookie of a request. Twice the same name is not a choice that we make for the client: it is refused. */
export type PresentedCookie =
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly value: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/** More than these many characters are no credential; they are refused unread. */
const LONGEST = { cookieHeader: 16_384, cookie: 256, authorization: 256 }

const BEARER = /^bearer +(\S+)$/i
/** `s:`, the value, `.`, and HMAC-SHA256 in base64 without padding: the format of the cookie-signature package. */
const SIGNED = /^s:([^.]+)\.([A-Za-z0-9+/]{43})$/

const ABSENT: { readonly kind: 'absent' } = Object.freeze({ kind: 'absent' })

/**
 * The session token in the `Authorization` header (RFC 6750 section 2.1) or in the session cookie.
 *
 * Pure: says nothing about whether such a session lives. Fails closed: a header that is there and is not exactly one
 * of our tokens is refused, and so are header and cookie together, however good one of them is.
 *
 * @param presented the header, and the percent-decoded value of the cookie (see {@link cookieNamed})
 * @param keys what the cookie may be signed with, newest first
 */
export function sessionTokenFrom(
  presented: { readonly authorization: string | undefined; readonly cookie: string | undefined },
  keys: readonly string[],
): PresentedToken {
  const { authorization, cookie } = presented
  if (authorization !== undefined && cookie !== undefined) return refusal('credential_conflict')
  if (authorization !== undefined) return bearerToken(authorization)
  if (cookie !== undefined) return cookieToken(cookie, keys)
  return ABSENT
}

/**
 * The percent-decoded value of the one cookie called `name` in a `Cookie` header (RFC 6265 section 5.4).
 *
 * Fails closed: a cookie that is there twice, or that cannot be decoded, or a header that is too long is refused.
 */
export function cookieNamed(header: string | undefined, name: string): PresentedCookie {
  if (header === undefined) return ABSENT
  if (header.length > LONGEST.cookieHeader) return refusal('credential_malformed')
  const values = header.split(';').flatMap((pair) => valueIfNamed(pair, name))
  const [value] = values
  if (value === undefined) return ABSENT
  if (values.length > 1) return refusal('credential_conflict')
  const decoded = percentDecoded(value)
  return decoded === undefined ? refusal('credential_malformed') : { kind: 'found', value: decoded }
}

function bearerToken(authorization: string): PresentedToken {
  const token = authorization.length <= LONGEST.authorization ? BEARER.exec(authorization)?.[1] : undefined
  return token !== undefined && slotOfToken(token) !== undefined
    ? { kind: 'token', token, from: 'bearer' }
    : refusal('credential_malformed')
}

function cookieToken(cookie: string, keys: readonly string[]): PresentedToken {
  const [, token, signature] = (cookie.length <= LONGEST.cookie ? SIGNED.exec(cookie) : null) ?? []
  if (token === undefined || signature === undefined || slotOfToken(token) === undefined)
    return refusal('session_invalid')
  const signed = keys.some((key) => isSignature(signature, token, key))
  return signed ? { kind: 'token', token, from: 'cookie' } : refusal('session_invalid')
}

/** Compares the text, not what it decodes to: base64 has spare bits in its last letter. Constant time. */
function isSignature(given: string, value: string, key: string): boolean {
  const expected = createHmac('sha256', key).update(value).digest('base64').replace(/=+$/, '')
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected))
}

function valueIfNamed(pair: string, name: string): string[] {
  const equals = pair.indexOf('=')
  if (equals < 0 || trimmed(pair.slice(0, equals)) !== name) return []
  return [trimmed(pair.slice(equals + 1))]
}

/** Without the spaces and tabs that RFC 6265 allows, and no others: a name with an exotic space is another name. */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

function percentDecoded(value: string): string | undefined {
  const unquoted = /^"(.*)"$/.exec(value)?.[1] ?? value
  try {
    return decodeURIComponent(unquoted)
  } catch {
    return undefined
  }
}

function refusal(reason: RefusalReason): { readonly kind: 'refused'; readonly reason: RefusalReason } {
  return Object.freeze({ kind: 'refused', reason })
}
