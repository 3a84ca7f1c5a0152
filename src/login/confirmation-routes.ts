import { z } from 'zod'
import {
  findConfirmation,
  giveConfirmation,
  provesNeed,
  refuseConfirmation,
  waitingApprovals,
  type FoundConfirmation,
} from './answer-confirmation.ts'
import { shownApproval } from './approvals-section.ts'
import { isConfirmationId } from './confirmation-id.ts'
import { actionWords, credentialWords, originWords } from './confirmation-words.ts'
import { hasSecondFactor } from './credentials.ts'
import { fieldsIn, type FormFields } from './fields.ts'
import { isSessionForm, sessionFormToken } from './form-guard.ts'
import { knownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'
import { approvalsPage } from './pages/approvals-list.ts'
import { confirmationAnsweredPage } from './pages/confirmation-answered-page.ts'
import { confirmationPage, type ConfirmationPage } from './pages/confirmation-page.ts'
import { nothingToAnswerPage } from './pages/nothing-to-answer-page.ts'
import { reauthenticationFor } from './place.ts'
import { problem, type Problem } from './problem.ts'
import { failed, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import type { Routes } from './route.ts'
import { pageVisitor, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** What is read of calls that wait. */
export const confirmationPages: Routes = { '/confirm/:id': confirmPageRoute, '/approvals': approvalsRoute }

/** What is posted by who answers them. */
export const confirmationActions: Routes = { '/auth/confirm': confirmRoute }

interface ConfirmFields extends FormFields {
  readonly id: string
  readonly decision: 'confirm' | 'refuse'
}

const confirmForm: z.ZodType<ConfirmFields> = z.strictObject({
  csrf: z.string().max(128),
  id: z.string().max(64),
  decision: z.enum(['confirm', 'refuse']),
})

/** `GET /confirm/:id`: the call that waits, for whom it waits. Who has to log in first comes back here afterwards. */
async function confirmPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const id = visit.parameter('id')
  const visitor = await pageVisitor(visit, options)
  if (visitor.kind === 'elsewhere') {
    if (isConfirmationId(id)) visit.wayBack.keep(`/confirm/${id}`)
    return redirect(visitor.to)
  }
  visit.wayBack.forget()
  const found = await findConfirmation(id, visitor.live.record, options)
  return found === undefined ? nothing(visitor, options) : page(await pageFor(found, visitor, options))
}

/** `GET /approvals`: the calls of others that wait for whoever asks. */
async function approvalsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options)
  if (visitor.kind === 'elsewhere') {
    visit.wayBack.keep('/approvals')
    return redirect(visitor.to)
  }
  visit.wayBack.forget()
  const waiting = await waitingApprovals(visitor.live.record, options)
  return page(approvalsPage(waiting.map(shownApproval), sessionFormToken(visitor.token, options)))
}

/**
 * `POST /auth/confirm`: lets a call through, or refuses it. Forms of a browser's session only: no bearer token and no
 * certificate, which a model may hold, answers anything.
 */
async function confirmRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  if (visit.body.kind !== 'form') return failed('unsupported_media_type')
  const visitor = await pageVisitor(visit, options)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const read = fieldsIn(visit.body, confirmForm)
  if (read.kind === 'refused') return failed(read.problem)
  const { csrf, id, decision } = read.fields
  const { record } = visitor.live
  const found = await findConfirmation(id, record, options)
  if (found === undefined) return nothing(visitor, options)
  if (!isSessionForm(visit, csrf, options)) return again(found, visitor, problem('form_expired'), options)
  if (decision === 'refuse') {
    const isRefused = await refuseConfirmation(found, record, visit.caller, options)
    return isRefused ? answered(found, visitor, undefined, options) : nothing(visitor, options)
  }
  const given = await giveConfirmation(found, record, visit.caller, options)
  if (given.kind === 'unproved') return redirect(reauthenticationFor(placeOf(found)))
  return given.kind === 'gone' ? nothing(visitor, options) : answered(found, visitor, given.until, options)
}

/** The same for whatever cannot be answered by who asks, so that nobody learns what others wait for. */
function nothing({ token }: KnownVisitor, options: LoginOptions): Reply {
  return pageOfProblem(nothingToAnswerPage(sessionFormToken(token, options)), problem('not_found'))
}

function answered(
  { request }: FoundConfirmation,
  { token }: KnownVisitor,
  until: number | undefined,
  options: LoginOptions,
): Reply {
  const formToken = sessionFormToken(token, options)
  return page(confirmationAnsweredPage({ formToken, isOwn: isOwn(request), until }))
}

async function again(
  found: FoundConfirmation,
  visitor: KnownVisitor,
  fault: Problem,
  options: LoginOptions,
): Promise<Reply> {
  return pageOfProblem(await pageFor(found, visitor, options, fault.message), fault)
}

async function pageFor(
  found: FoundConfirmation,
  visitor: KnownVisitor,
  options: LoginOptions,
  fault?: string,
): Promise<string> {
  const { id, request, args } = found
  return confirmationPage({
    formToken: sessionFormToken(visitor.token, options),
    id,
    isOwn: isOwn(request),
    what: actionWords(request),
    name: request.resource,
    principal: request.principal,
    credential: credentialWords(request),
    from: originWords(request),
    rule: request.need.rule,
    askedAt: request.askedAt,
    endsBy: request.expiresAt,
    args,
    lacks: await lackingFor(found, visitor, options),
    problem: fault,
  })
}

async function lackingFor(
  found: FoundConfirmation,
  { live: { record } }: KnownVisitor,
  options: LoginOptions,
): Promise<ConfirmationPage['lacks']> {
  if (provesNeed(found.request, record, options.now())) return undefined
  const known = await knownUser(record.user, options)
  const hasFactor = known !== undefined && hasSecondFactor(known.credentials)
  return hasFactor ? { proof: reauthenticationFor(placeOf(found)) } : 'factor'
}

function placeOf({ id }: FoundConfirmation): `confirm.${string}` {
  return `confirm.${id}`
}

function isOwn({ need }: FoundConfirmation['request']): boolean {
  return need.kind === 'second_factor'
}
