import { changePassword, type PasswordChange, type PasswordChanged } from './change-password.ts'
import { fieldsIn, passwordFields, passwordForm } from './fields.ts'
import { isSessionForm, sessionFormToken } from './form-guard.ts'
import { holdSession } from './hold-session.ts'
import { loggedIn } from './logged-in.ts'
import type { LoginOptions } from './options.ts'
import { passwordPage } from './pages/password-page.ts'
import { pageOf } from './step-page.ts'
import { problem, refusal, tooMany, type Problem } from './problem.ts'
import { failed, json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { pageVisitor, visitorOf, type KnownVisitor, type Steps } from './visitor.ts'
import type { Visit } from './visit.ts'

const STEPS: Steps = [null, 'change_password']

/** `GET /password`: the form, forced after a one-time password, else with the present password. */
export async function passwordPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options, STEPS)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  return page(pageFor(visitor, options))
}

/** `POST /auth/password`: sets a new password, which ends all sessions and opens the present one anew. */
export async function passwordRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  if (visit.body.kind === 'form') return byForm(visit, options)
  const visitor = await visitorOf(visit, options, STEPS)
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  const read = fieldsIn(visit.body, passwordFields)
  if (read.kind === 'refused') return failed(read.problem)
  const outcome = await changePassword(changeOf(visit, visitor, read.fields), options)
  if (outcome.kind !== 'changed') return failed(problemOf(outcome))
  if (visitor.from === 'cookie') await holdSession(visit, outcome.opened, options)
  return json(loggedIn(outcome.opened, visitor.from === 'bearer', options))
}

async function byForm(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options, STEPS)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const again = (fault: Problem): Reply => pageOfProblem(pageFor(visitor, options, fault.message), fault)
  const read = fieldsIn(visit.body, passwordForm)
  if (read.kind === 'refused') return again(read.problem)
  const { csrf, newPassword, repeat } = read.fields
  if (!isSessionForm(visit, csrf, options)) return again(problem('form_expired'))
  if (newPassword !== repeat)
    return again(problem('password_refused', 'The two new passwords are not the same.'))
  const outcome = await changePassword(changeOf(visit, visitor, read.fields), options)
  if (outcome.kind === 'refused' && outcome.reason === 'session_invalid') return redirect('/login')
  if (outcome.kind !== 'changed') return again(problemOf(outcome))
  await holdSession(visit, outcome.opened, options, 'password_changed')
  return redirect(pageOf(outcome.opened.record.pending))
}

function changeOf(
  { caller }: Visit,
  { live }: KnownVisitor,
  { newPassword, password }: { readonly newPassword: string; readonly password?: string | undefined },
): PasswordChange {
  return { record: live.record, newPassword, password, caller }
}

function problemOf(outcome: Exclude<PasswordChanged, { kind: 'changed' }>): Problem {
  if (outcome.kind === 'unfit') return problem('password_refused', outcome.problem)
  if (outcome.kind === 'wait') return tooMany(outcome.seconds)
  if (outcome.reason === 'session_invalid' || outcome.reason === 'session_pending')
    return refusal(outcome.reason)
  if (outcome.reason === 'password_missing') return problem('bad_request', 'The field "password" is missing.')
  return problem('invalid_credentials', 'The present password is not right.')
}

function pageFor({ live, token }: KnownVisitor, options: LoginOptions, fault?: string): string {
  const { user, pending } = live.record
  const formToken = sessionFormToken(token, options)
  return passwordPage({ formToken, user, isForced: pending !== null, problem: fault })
}
