import { ANY_STEP, browserVisitor } from './visitor.ts'
import { fieldsIn, loginFields, loginForm } from './fields.ts'
import { holdSession } from './hold-session.ts'
import { isVisitorForm, visitorFormToken } from './form-guard.ts'
import { logIn, type LoginAttempt, type LoginOutcome } from './log-in.ts'
import { loggedIn } from './logged-in.ts'
import type { LoginOptions } from './options.ts'
import { loginPage } from './pages/login-page.ts'
import { hasPasskeyName } from './passkey-site.ts'
import { pageOf } from './step-page.ts'
import { problem, tooMany, type Problem } from './problem.ts'
import { failed, json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import type { Visit } from './visit.ts'

/** `GET /login`. Who is signed in already is sent on. */
export async function loginPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await browserVisitor(visit, options, ANY_STEP)
  if (visitor !== undefined) return redirect(pageOf(visitor.lacks))
  const formToken = visitorFormToken(visit, options)
  const signedOut = visit.query === 'signed-out'
  return page(loginPage({ formToken, signedOut, hasName: hasPasskeyName(visit, options) }))
}

/** `POST /auth/login`: opens a session for a cookie, or as a token if that is asked for. */
export async function loginRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  if (visit.body.kind === 'form') return byForm(visit, options)
  const read = fieldsIn(visit.body, loginFields)
  if (read.kind === 'refused') return failed(read.problem)
  const { username, password, code, token = false } = read.fields
  const outcome = token
    ? await logIn(
        { username, password, code, label: 'token', previous: undefined, caller: visit.caller },
        options,
      )
    : await logInBrowser(visit, { username, password, code }, options)
  if (outcome.kind !== 'opened') return failed(problemOf(outcome))
  return json(loggedIn(outcome.opened, token, options))
}

function problemOf(outcome: Exclude<LoginOutcome, { kind: 'opened' }>): Problem {
  return outcome.kind === 'wait' ? tooMany(outcome.seconds) : problem('invalid_credentials')
}

async function byForm(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(visit.body, loginForm)
  if (read.kind === 'refused') return again(visit, options, read.problem)
  const { csrf, username, password } = read.fields
  if (!isVisitorForm(visit, csrf, options)) return again(visit, options, problem('form_expired'), username)
  const outcome = await logInBrowser(visit, { username, password, code: undefined }, options)
  if (outcome.kind !== 'opened') return again(visit, options, problemOf(outcome), username)
  return redirect(pageOf(outcome.opened.record.pending))
}

async function logInBrowser(
  visit: Visit,
  proof: Pick<LoginAttempt, 'username' | 'password' | 'code'>,
  options: LoginOptions,
): Promise<LoginOutcome> {
  const previous = (await browserVisitor(visit, options, ANY_STEP))?.live
  const attempt = { ...proof, label: 'browser', previous } as const
  const outcome = await logIn({ ...attempt, caller: visit.caller }, options)
  if (outcome.kind === 'opened') await holdSession(visit, outcome.opened, options)
  return outcome
}

function again(visit: Visit, options: LoginOptions, fault: Problem, username = ''): Reply {
  const formToken = visitorFormToken(visit, options)
  const shown = { formToken, username, problem: fault.message, hasName: hasPasskeyName(visit, options) }
  return pageOfProblem(loginPage(shown), fault)
}
