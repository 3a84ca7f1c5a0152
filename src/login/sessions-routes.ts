import { emptyForm, fieldsIn, noFields, sessionForm, sessionNamed } from './fields.ts'
import { isSessionForm } from './form-guard.ts'
import { holdSession } from './hold-session.ts'
import { listedSession } from './listed-session.ts'
import { loggedIn } from './logged-in.ts'
import type { LoginOptions } from './options.ts'
import { endOwn, type EndedOwn, type Wanted } from './own-sessions.ts'
import { problem, refusal } from './problem.ts'
import { readingVisitor } from './reading-visitor.ts'
import { failed, json, redirect, type Reply } from './reply.ts'
import { sessionsOf } from './sessions-of.ts'
import { pageVisitor, visitorOf, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** `GET /auth/sessions`: one's own sessions, newest first. */
export async function sessionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await readingVisitor(visit, options)
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  const { user, digest } = visitor.live.record
  return json((await sessionsOf(user, options)).map((live) => listedSession(live, digest)))
}

/**
 * `DELETE /auth/sessions/:id`: ends one of one's own sessions. Somebody else's is answered as one that does not exist.
 */
export async function endSessionRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(visit.body, noFields)
  if (read.kind === 'refused') return failed(read.problem)
  return endedAsJson({ kind: 'one', id: visit.parameter('id') }, visit, options)
}

/** `POST /auth/sessions/end`: the same for the forms of the account page, which cannot say DELETE. */
export async function endSessionFormRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const isForm = visit.body.kind === 'form'
  const read = isForm ? fieldsIn(visit.body, sessionForm) : fieldsIn(visit.body, sessionNamed)
  if (read.kind === 'refused') return failed(read.problem)
  const wanted = { kind: 'one', id: read.fields.id } as const
  return isForm ? endedByForm(wanted, visit, options) : endedAsJson(wanted, visit, options)
}

/** `POST /auth/sessions/end-others`: ends all of one's own sessions but the present one, which gets a new token. */
export async function endOtherSessionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  return withoutFields({ kind: 'others' }, visit, options)
}

/** `POST /auth/sessions/end-all`: ends all of one's own sessions, the present one among them. */
export async function endAllSessionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  return withoutFields({ kind: 'all' }, visit, options)
}

async function withoutFields(wanted: Wanted, visit: Visit, options: LoginOptions): Promise<Reply> {
  const isForm = visit.body.kind === 'form'
  const read = fieldsIn(visit.body, isForm ? emptyForm : noFields)
  if (read.kind === 'refused') return failed(read.problem)
  return isForm ? endedByForm(wanted, visit, options) : endedAsJson(wanted, visit, options)
}

async function endedAsJson(wanted: Wanted, visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await visitorOf(visit, options)
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  const ended = await endOwn(wanted, visitor, visit.caller, options)
  if (ended.kind === 'unknown') return failed('not_found')
  if (ended.kind === 'stale') return failed('reauthentication_required')
  await keepBrowser(ended, visitor, visit, options)
  if (ended.kind === 'over' && wanted.kind === 'others') return failed(refusal('session_invalid'))
  return ended.kind === 'rotated'
    ? json(loggedIn(ended.opened, visitor.from === 'bearer', options))
    : { kind: 'empty' }
}

async function endedByForm(wanted: Wanted, visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const csrf = visit.body.kind === 'form' ? String(visit.body.fields['csrf']) : ''
  if (!isSessionForm(visit, csrf, options)) return failed(problem('form_expired'))
  const ended = await endOwn(wanted, visitor, visit.caller, options)
  if (ended.kind === 'stale') return redirect('/reauthenticate?account')
  if (ended.kind !== 'unknown') await keepBrowser(ended, visitor, visit, options)
  return redirect(ended.kind === 'over' ? '/login?signed-out' : '/account')
}

/** What became of a session in which something was done. */
type Done = Exclude<EndedOwn, { kind: 'stale' | 'unknown' }>

/** The browser holds what is left of its session, and has something to tell. */
async function keepBrowser(
  ended: Done,
  { token, from }: KnownVisitor,
  visit: Visit,
  options: LoginOptions,
): Promise<void> {
  if (from !== 'cookie') return
  if (ended.kind === 'over') await visit.browser.forget()
  else if (ended.kind === 'rotated') await holdSession(visit, ended.opened, options, 'other_sessions_ended')
  else await visit.browser.hold(token, 'session_ended')
}
