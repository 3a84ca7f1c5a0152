import { confirmTotp, shownSecret, startTotp, type ShownSecret } from './enrol-totp.ts'
import { enrolFields, enrolForm, type EnrolFields } from './factor-fields.ts'
import { sessionFormToken } from './form-guard.ts'
import { isFresh } from './fresh.ts'
import { knownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'
import { enrolPage } from './pages/enrol-page.ts'
import { enrolTotpPage } from './pages/enrol-totp-page.ts'
import { newRecoveryCodesPage } from './pages/recovery-codes-page.ts'
import { hasPasskeyName } from './passkey-site.ts'
import { reauthenticationFor } from './place.ts'
import { handOver, posted, type Posted } from './posted.ts'
import type { Problem } from './problem.ts'
import { qrPath } from './qr-path.ts'
import { refuseChange } from './refuse-change.ts'
import { json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { pageVisitor, type KnownVisitor, type Steps } from './visitor.ts'
import type { Visit } from './visit.ts'

const STEPS: Steps = [null, 'enrol']

/** `GET /enrol`: the choice of a second factor. */
export async function enrolPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options, STEPS)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  return isFresh(visitor.live.record, options.now())
    ? page(await enrolChoice(visit, visitor, options))
    : redirect(reauthenticationFor('enrol'))
}

/**
 * `POST /auth/enrol/totp`: without a code it shows a new secret, with the first code of that it makes it a second factor
 * and shows recovery codes.
 */
export async function enrolTotpRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const again = async (visitor: KnownVisitor, fault: Problem): Promise<Reply> => {
    const shown = await shownSecret(visitor.live.record, options)
    const text = shown && secretPage(visitor, shown, options, fault.message)
    return pageOfProblem(text ?? (await enrolChoice(visit, visitor, options, fault.message)), fault)
  }
  const read = await posted(visit, { steps: STEPS, json: enrolFields, form: enrolForm, again }, options)
  if (read.kind !== 'posted') return read
  const { code } = read.fields
  return code === undefined ? started(read, options) : confirmed(visit, read, code, options)
}

async function started(read: Posted<EnrolFields>, options: LoginOptions): Promise<Reply> {
  const { visitor, isForm } = read
  const outcome = await startTotp(visitor.live.record, options)
  if (outcome.kind === 'refused') return refuseChange(outcome.reason, read, 'enrol')
  return isForm ? page(secretPage(visitor, outcome.shown, options)) : json(outcome.shown)
}

async function confirmed(
  visit: Visit,
  read: Posted<EnrolFields>,
  code: string,
  options: LoginOptions,
): Promise<Reply> {
  const { visitor, isForm } = read
  const outcome = await confirmTotp(visitor.live.record, code, visit.caller, options)
  if (outcome.kind === 'refused') return refuseChange(outcome.reason, read, 'enrol')
  const { opened, recoveryCodes } = outcome
  const answer = await handOver(visit, visitor, opened, options)
  return isForm ? page(newRecoveryCodesPage({ codes: recoveryCodes })) : json({ ...answer, recoveryCodes })
}

/** The page with the choice of a second factor. */
export async function enrolChoice(
  visit: Visit,
  { live: { record }, lacks, token }: KnownVisitor,
  options: LoginOptions,
  problem?: string,
): Promise<string> {
  const known = await knownUser(record.user, options)
  const hasTotp = (known?.credentials.totp ?? null) !== null
  const hasName = hasPasskeyName(visit, options)
  const formToken = sessionFormToken(token, options)
  return enrolPage({ formToken, isRequired: lacks === 'enrol', hasTotp, hasName, problem })
}

function secretPage(
  { token }: KnownVisitor,
  { secret, uri }: ShownSecret,
  options: LoginOptions,
  problem?: string,
): string {
  const formToken = sessionFormToken(token, options)
  return enrolTotpPage({ formToken, secret, uri, qr: qrPath(uri), problem })
}
