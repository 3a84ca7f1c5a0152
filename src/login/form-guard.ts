import { digestOf } from '../auth/session-token.ts'
import { formTokenFor, isFormToken } from './form-token.ts'
import type { LoginOptions } from './options.ts'
import type { Visit } from './visit.ts'

/** The anti-forgery token for the forms of a session that is held in a cookie. */
export function sessionFormToken(token: string, { now, keys }: LoginOptions): string {
  return formTokenFor(sessionHolder(token), now(), keys.csrf)
}

/** The anti-forgery token for the form of a browser without a session; gives it a form cookie if it has none. */
export function visitorFormToken(visit: Visit, { now, keys }: LoginOptions): string {
  return formTokenFor(visitorHolder(visit.ensureFormSecret()), now(), keys.csrf)
}

/** Whether a form was made for the session in the cookie of this request. Fails closed without a cookie. */
export function isSessionForm({ presented }: Visit, csrf: string, { now, keys }: LoginOptions): boolean {
  if (presented.kind !== 'token' || presented.from !== 'cookie') return false
  return isFormToken(csrf, sessionHolder(presented.token), now(), keys.csrf)
}

/** Whether a form was made for the browser of this request, going by its form cookie. Fails closed without one. */
export function isVisitorForm({ formSecret }: Visit, csrf: string, { now, keys }: LoginOptions): boolean {
  return formSecret !== undefined && isFormToken(csrf, visitorHolder(formSecret), now(), keys.csrf)
}

/** What only the browser holds that has this session. */
export function sessionHolder(token: string): string {
  return `session:${digestOf(token)}`
}

/** What only the browser holds that has this form cookie. */
export function visitorHolder(secret: string): string {
  return `visitor:${secret}`
}
