import type { z } from 'zod'
import { fieldsIn, type FormFields } from './fields.ts'
import { isSessionForm } from './form-guard.ts'
import { holdSession } from './hold-session.ts'
import { loggedIn, type LoggedIn } from './logged-in.ts'
import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { problem, refusal, type Problem } from './problem.ts'
import { failed, redirect, type Reply } from './reply.ts'
import { pageVisitor, visitorOf, type KnownVisitor, type Steps } from './visitor.ts'
import type { Visit } from './visit.ts'

/** What somebody with a session posted: as JSON, or with a form of ours. */
export interface Posted<T> {
  readonly kind: 'posted'
  readonly visitor: KnownVisitor
  readonly fields: T
  readonly isForm: boolean
  /** Says what is wrong: as JSON, or with the page of the form again; whose session is gone is led to the login. */
  refuse(fault: Problem): Promise<Reply> | Reply
}

/** What a route takes, and from whom. */
export interface Accepted<T, F extends T & FormFields = T & FormFields> {
  readonly steps: Steps
  readonly json: z.ZodType<T>
  readonly form: z.ZodType<F>
  /** The page of the form again, with what was wrong. */
  readonly again: (visitor: KnownVisitor, fault: Problem) => Promise<Reply> | Reply
}

/**
 * Reads what was posted by somebody with a session, or says what to answer instead. Fails closed: a session that lacks
 * another step, a form without the token of this very session, and fields that are not known are refused.
 */
export async function posted<T, F extends T & FormFields>(
  visit: Visit,
  accepted: Accepted<T, F>,
  options: LoginOptions,
): Promise<Posted<T | F> | Reply> {
  return visit.body.kind === 'form'
    ? postedForm(visit, accepted, options)
    : postedJson(visit, accepted, options)
}

/** Gives a session that was opened in place of another to who holds that one, and says what JSON answers of it. */
export async function handOver(
  visit: Visit,
  { from }: KnownVisitor,
  opened: OpenedSession,
  options: LoginOptions,
): Promise<LoggedIn> {
  if (from === 'cookie') await holdSession(visit, opened, options)
  return loggedIn(opened, from === 'bearer', options)
}

async function postedForm<T, F extends T & FormFields>(
  visit: Visit,
  { steps, form, again }: Accepted<T, F>,
  options: LoginOptions,
): Promise<Posted<F> | Reply> {
  const visitor = await pageVisitor(visit, options, steps)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const refuse = (fault: Problem): Promise<Reply> | Reply =>
    fault.code === 'unauthenticated' ? redirect('/login') : again(visitor, fault)
  const read = fieldsIn(visit.body, form)
  if (read.kind === 'refused') return refuse(read.problem)
  const { fields } = read
  if (!isSessionForm(visit, fields.csrf, options)) return refuse(problem('form_expired'))
  return { kind: 'posted', visitor, fields, isForm: true, refuse }
}

async function postedJson<T>(
  visit: Visit,
  { steps, json }: Pick<Accepted<T>, 'steps' | 'json'>,
  options: LoginOptions,
): Promise<Posted<T> | Reply> {
  const visitor = await visitorOf(visit, options, steps)
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  const read = fieldsIn(visit.body, json)
  if (read.kind === 'refused') return failed(read.problem)
  return { kind: 'posted', visitor, fields: read.fields, isForm: false, refuse: failed }
}
