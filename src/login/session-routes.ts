import { believedSession } from '../auth/live-session.ts'
import { digestOf, slotOfToken } from '../auth/session-token.ts'
import { endSession } from './end-session.ts'
import { fieldsIn, emptyForm, noFields } from './fields.ts'
import { isSessionForm } from './form-guard.ts'
import type { LoginOptions } from './options.ts'
import { problem, refusal, type Problem } from './problem.ts'
import { readingVisitor } from './reading-visitor.ts'
import { failed, json, redirect, type Reply } from './reply.ts'
import { sessionView } from './session-view.ts'
import { visitorOf, type Visitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** `GET /auth/session`: whose session this is and until when. Another site cannot ask with our cookie. */
export async function sessionRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  return sessionReply(await readingVisitor(visit, options), options)
}

/** `POST /auth/refresh`: slides the idle end, as every use does; never the absolute end. */
export async function refreshRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const fault = bodyFault(visit)
  return fault === undefined ? sessionReply(await visitorOf(visit, options), options) : failed(fault)
}

/**
 * `POST /auth/logout`: ends the session that is presented, complete or pending; a second time changes nothing.
 * Goes through without the audit trail, and not without the store: who is told that it ended may rely on it.
 */
export async function logoutRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const isForm = visit.body.kind === 'form'
  const fault = isForm ? formFault(visit, options) : bodyFault(visit)
  if (fault !== undefined) return failed(fault)
  const { presented } = visit
  if (presented.kind === 'refused') return failed(refusal(presented.reason))
  if (presented.kind === 'token') await end(presented.token, visit, options)
  if (presented.kind === 'token' && presented.from === 'cookie') await visit.browser.forget()
  return isForm ? redirect('/login?signed-out') : { kind: 'empty' }
}

function formFault(visit: Visit, options: LoginOptions): Problem | undefined {
  const read = fieldsIn(visit.body, emptyForm)
  if (read.kind === 'refused') return read.problem
  return isSessionForm(visit, read.fields.csrf, options) ? undefined : problem('form_expired')
}

function bodyFault({ body }: Visit): Problem | undefined {
  const read = fieldsIn(body, noFields)
  return read.kind === 'refused' ? read.problem : undefined
}

function sessionReply(visitor: Visitor, options: LoginOptions): Reply {
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  return json(sessionView(visitor.live, options.rightsOf))
}

async function end(token: string, { caller }: Visit, options: LoginOptions): Promise<void> {
  const slot = slotOfToken(token)
  if (slot === undefined) return
  const session = await believedSession({ token, now: options.now(), use: 'look' }, options)
  if (session === undefined) await options.sessions.end(digestOf(token), slot)
  else await endSession(session.live.record, 'logout', caller, options)
}
