import type { Problem, ProblemCode } from './problem.ts'
import { problem, statusOf } from './problem.ts'
import type { Destination } from './way-back.ts'

/** Where a page may send a browser: never anywhere that a request names. */
export type RedirectTarget =
  | '/login'
  | '/login?signed-out'
  | '/second-factor'
  | '/password'
  | '/enrol'
  | '/reauthenticate?account'
  | '/reauthenticate?enrol'
  | '/reauthenticate?recovery-codes'
  | '/recovery-codes'
  | `/reauthenticate?confirm.${string}`
  | '/account'
  | '/account#upstream-keys'
  | Destination

/** What a route answers. Cookies are set through the visit. */
export type Reply =
  | { readonly kind: 'json'; readonly body: object }
  | { readonly kind: 'empty' }
  | { readonly kind: 'page'; readonly status: number; readonly page: string; readonly problem?: Problem }
  | { readonly kind: 'redirect'; readonly to: RedirectTarget }
  | { readonly kind: 'problem'; readonly problem: Problem }

export function json(body: object): Reply {
  return { kind: 'json', body }
}

export function page(text: string, status = 200): Reply {
  return { kind: 'page', status, page: text }
}

/** A page that says itself what the problem is: status, headers and the audit trail go by it. */
export function pageOfProblem(text: string, one: Problem): Reply {
  return { kind: 'page', status: statusOf(one), page: text, problem: one }
}

export function redirect(to: RedirectTarget): Reply {
  return { kind: 'redirect', to }
}

export function failed(one: Problem | ProblemCode): Reply {
  return { kind: 'problem', problem: typeof one === 'string' ? problem(one) : one }
}
