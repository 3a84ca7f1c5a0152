import { browserVisitor } from './visitor.ts'
import { fieldsIn, loginFields, loginForm } from './fields.ts'
import { isVisitorForm, visitorFormToken } from './form-guard.ts'
import { logIn, type LoginAttempt } from './log-in.ts'
import { loggedIn } from './logged-in.ts'
import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { loginPage } from './pages/login-page.ts'
import { problem, statusOf, type Problem } from './problem.ts'
import { failed, json, page, redirect, type Reply } from './reply.ts'
import type { Visit } from './visit.ts'

/** `GET /login`. Who is signed in already is sent on. */
export async function loginPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await browserVisitor(visit, options)
  if (visitor !== undefined) return redirect(visitor.live.record.pending === null ? '/account' : '/password')
  return page(loginPage({ formToken: visitorFormToken(visit, options), signedOut: visit.signedOut }))
}

/** `POST /auth/login`: opens a session for a cookie, or as a token if that is asked for. */
export async function loginRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  if (visit.body.kind === 'form') return byForm(visit, options)
  const read = fieldsIn(visit.body, loginFields)
  if (read.kind === 'refused') return failed(read.problem)
  const { username, password, token = false } = read.fields
  const opened = token
    ? await logIn({ username, password, label: 'token', previous: undefined, caller: visit.caller }, options)
    : await logInBrowser(visit, { username, password }, options)
  if (opened === undefined) return failed('invalid_credentials')
  return json(loggedIn(opened, token, options))
}

async function byForm(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(visit.body, loginForm)
  if (read.kind === 'refused') return again(visit, options, read.problem)
  const { csrf, username, password } = read.fields
  if (!isVisitorForm(visit, csrf, options)) return again(visit, options, problem('form_expired'), username)
  const opened = await logInBrowser(visit, { username, password }, options)
  if (opened === undefined) return again(visit, options, problem('invalid_credentials'), username)
  return redirect(opened.record.pending === null ? '/account' : '/password')
}

async function logInBrowser(
  visit: Visit,
  { username, password }: Pick<LoginAttempt, 'username' | 'password'>,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const previous = (await browserVisitor(visit, options))?.live
  const attempt = { username, password, label: 'browser', previous, caller: visit.caller } as const
  const opened = await logIn(attempt, options)
  if (opened !== undefined) await visit.browser.hold(opened.token)
  return opened
}

function again(visit: Visit, options: LoginOptions, fault: Problem, username = ''): Reply {
  const formToken = visitorFormToken(visit, options)
  return page(loginPage({ formToken, username, problem: fault.message }), statusOf(fault))
}
