import { hasSecondFactor } from './credentials.ts'
import { emptyForm, noFields } from './fields.ts'
import { sessionFormToken } from './form-guard.ts'
import { knownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'
import { newRecoveryCodesPage, recoveryCodesPage } from './pages/recovery-codes-page.ts'
import { handOver, posted } from './posted.ts'
import type { Problem } from './problem.ts'
import { refuseChange } from './refuse-change.ts'
import { makeRecoveryCodes, removeTotp } from './remove-factors.ts'
import { failed, json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { pageOf } from './step-page.ts'
import { COMPLETE, pageVisitor, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

const EMPTY = { steps: COMPLETE, json: noFields, form: emptyForm }

/** `POST /auth/remove/totp`: the authenticator app goes, and with the last factor the recovery codes. */
export async function removeTotpRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const again = (_visitor: KnownVisitor, fault: Problem): Reply => failed(fault)
  const read = await posted(visit, { ...EMPTY, again }, options)
  if (read.kind !== 'posted') return read
  const { visitor, isForm } = read
  const outcome = await removeTotp(visitor.live.record, visit.caller, options)
  if (outcome.kind === 'refused') return refuseChange(outcome.reason, read, 'account')
  const answer = await handOver(visit, visitor, outcome.opened, options)
  return isForm ? redirect(pageOf(outcome.opened.record.pending)) : json(answer)
}

/** `GET /recovery-codes`: how many are left, and the form for new ones. */
export async function recoveryCodesPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const text = await pageFor(visitor, options)
  return text === undefined ? redirect('/account') : page(text)
}

/** `POST /auth/recovery-codes`: ten new ones in place of all others, shown once. */
export async function recoveryCodesRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const again = async (visitor: KnownVisitor, fault: Problem): Promise<Reply> => {
    const text = await pageFor(visitor, options, fault.message)
    return text === undefined ? failed(fault) : pageOfProblem(text, fault)
  }
  const read = await posted(visit, { ...EMPTY, again }, options)
  if (read.kind !== 'posted') return read
  const { visitor, isForm } = read
  const outcome = await makeRecoveryCodes(visitor.live.record, visit.caller, options)
  if (outcome.kind === 'refused') return refuseChange(outcome.reason, read, 'recovery-codes')
  const { opened, recoveryCodes } = outcome
  const answer = await handOver(visit, visitor, opened, options)
  return isForm ? page(newRecoveryCodesPage({ codes: recoveryCodes })) : json({ ...answer, recoveryCodes })
}

/** `undefined` for a user without a second factor. */
async function pageFor(
  { live, token }: KnownVisitor,
  options: LoginOptions,
  problem?: string,
): Promise<string | undefined> {
  const known = await knownUser(live.record.user, options)
  if (known === undefined || !hasSecondFactor(known.credentials)) return undefined
  const formToken = sessionFormToken(token, options)
  return recoveryCodesPage({ formToken, left: known.credentials.recoveryCodes.length, problem })
}
