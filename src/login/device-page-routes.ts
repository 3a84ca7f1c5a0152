import { approveDevice, denyDevice, findDevice, type PendingDevice } from './approve-device.ts'
import { groupedCode, userCodeIn } from './device-code.ts'
import { deviceApprovalForm } from './device-fields.ts'
import { fieldsIn } from './fields.ts'
import { isSessionForm, sessionFormToken } from './form-guard.ts'
import { knownUser } from './known-user.ts'
import { nextStep } from './next-step.ts'
import type { LoginOptions } from './options.ts'
import { deviceAnsweredPage } from './pages/device-answered-page.ts'
import { deviceApprovalPage } from './pages/device-approval-page.ts'
import { devicePage } from './pages/device-page.ts'
import { problem, tooMany, type Problem } from './problem.ts'
import { failed, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { pageVisitor, type KnownVisitor, type PageVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'
import { deviceDestination } from './way-back.ts'

/** `GET /device`: the form for the code that a terminal shows. Who has to log in first comes back here afterwards. */
export async function devicePageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await approver(visit, options)
  const typed = new URLSearchParams(visit.query.slice(0, 128)).get('code') ?? ''
  if (visitor.kind === 'elsewhere') {
    visit.wayBack.keep(deviceDestination(typed))
    return redirect(visitor.to)
  }
  visit.wayBack.forget()
  const code = userCodeIn(typed)
  return page(formPage(visitor, options, code === undefined ? undefined : groupedCode(code)))
}

/** `POST /auth/device/approve`: shows the device behind a code, and with a decision approves or denies it. Forms only. */
export async function approveDeviceRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  if (visit.body.kind !== 'form') return failed('unsupported_media_type')
  const visitor = await approver(visit, options)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const again = (fault: Problem, code?: string): Reply =>
    pageOfProblem(formPage(visitor, options, code, fault.message), fault)
  const read = fieldsIn(visit.body, deviceApprovalForm)
  if (read.kind === 'refused') return again(read.problem)
  const { csrf, code: typed, decision } = read.fields
  if (!isSessionForm(visit, csrf, options)) return again(problem('form_expired'))
  const code = userCodeIn(typed)
  if (code === undefined) return again(MALFORMED, typed)
  const { record } = visitor.live
  const found = await findDevice({ code, record, caller: visit.caller }, options)
  if (found.kind === 'wait') return again(tooMany(found.seconds), groupedCode(code))
  if (found.kind === 'unknown') return again(UNKNOWN, groupedCode(code))
  if (decision === undefined) return page(approvalPage(found.pending, code, visitor, options))
  const isAnswered =
    decision === 'approve'
      ? await approveDevice(found.pending, record, visit.caller, options)
      : await denyDevice(found.pending, options)
  if (!isAnswered) return again(UNKNOWN)
  const formToken = sessionFormToken(visitor.token, options)
  return page(deviceAnsweredPage({ formToken, isApproved: decision === 'approve' }))
}

const MALFORMED = problem('bad_request', 'A code has eight letters, as in BCDF-GHJK.')
const UNKNOWN: Problem = {
  ...problem(
    'conflict',
    'No terminal waits with this code. It may be mistyped, too old, or answered already.',
  ),
  reason: 'invalid_credentials',
}

/** Only who has proved all that he can: a session from before he had a second factor proves it first. */
async function approver(visit: Visit, options: LoginOptions): Promise<PageVisitor> {
  const visitor = await pageVisitor(visit, options)
  if (visitor.kind === 'elsewhere') return visitor
  const { user, mfaAt } = visitor.live.record
  const known = await knownUser(user, options)
  const isComplete = known !== undefined && nextStep(known, mfaAt, options.rightsOf) === null
  return isComplete ? visitor : { kind: 'elsewhere', to: '/reauthenticate?account' }
}

function formPage({ token }: KnownVisitor, options: LoginOptions, code?: string, fault?: string): string {
  return devicePage({ formToken: sessionFormToken(token, options), code, problem: fault })
}

function approvalPage(
  { request: { client, address, askedAt } }: PendingDevice,
  code: string,
  { live: { record }, token }: KnownVisitor,
  options: LoginOptions,
): string {
  const formToken = sessionFormToken(token, options)
  const { user, expiresAt } = record
  return deviceApprovalPage({
    formToken,
    code: groupedCode(code),
    client,
    address,
    askedAt,
    user,
    endsBy: expiresAt,
  })
}
