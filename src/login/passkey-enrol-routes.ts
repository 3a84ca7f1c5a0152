import { sessionHolder } from './form-guard.ts'
import { enrolChoice } from './enrol-route.ts'
import { enrolPasskey, MOST_PASSKEYS } from './enrol-passkey.ts'
import { ensureHandle } from './ensure-handle.ts'
import { factorRefusal, type FactorRefusal } from './change-factors.ts'
import { factorProblem } from './factor-problem.ts'
import { fieldsIn, noFields } from './fields.ts'
import { knownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'
import { newRecoveryCodesPage } from './pages/recovery-codes-page.ts'
import { newChallenge } from './passkey-challenge.ts'
import { attestationFields, attestationForm, removalFields, removalForm } from './passkey-fields.ts'
import { creationOptions } from './passkey-options.ts'
import { passkeySite } from './passkey-site.ts'
import { NEEDS_NAME, NOT_ACCEPTED } from './passkey-problems.ts'
import { handOver, posted } from './posted.ts'
import { problem, refusal, type Problem } from './problem.ts'
import { refuseChange } from './refuse-change.ts'
import { removePasskey } from './remove-passkey.ts'
import { failed, json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { pageOf } from './step-page.ts'
import { COMPLETE, visitorOf, type KnownVisitor, type Steps } from './visitor.ts'
import type { Visit } from './visit.ts'

/** Who may add a passkey: whoever is complete, or has nothing but a second factor to set up. */
const STEPS: Steps = [null, 'enrol']

const FULL = problem('conflict', `An account has at most ${MOST_PASSKEYS} passkeys: remove one first.`)

/** `POST /auth/enrol/passkey/options`: what to ask the browser for. */
export async function passkeyEnrolOptionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await visitorOf(visit, options, STEPS)
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  const read = fieldsIn(visit.body, noFields)
  if (read.kind === 'refused') return failed(read.problem)
  const site = passkeySite(visit.host, options.isAllowedOrigin)
  if (site === undefined) return failed(NEEDS_NAME)
  const { record } = visitor.live
  const known = await knownUser(record.user, options)
  if (known === undefined) return failed(refusal('session_invalid'))
  const reason = factorRefusal(record, known, options.now())
  if (reason !== undefined) return failed(factorProblem(reason))
  const { passkeys } = known.credentials
  if (passkeys.length >= MOST_PASSKEYS) return failed(FULL)
  const handle = await ensureHandle(record.user, options)
  if (handle === undefined) return failed(refusal('session_invalid'))
  const whom = { use: 'create', holder: sessionHolder(visitor.token) } as const
  const challenge = newChallenge(whom, options.now(), options.keys.challenge)
  return json(creationOptions(challenge, site, { name: record.user, handle }, passkeys))
}

/** `POST /auth/enrol/passkey`: a new passkey. Recovery codes are shown if there were none. */
export async function passkeyEnrolRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const again = async (visitor: KnownVisitor, fault: Problem): Promise<Reply> =>
    pageOfProblem(await enrolChoice(visit, visitor, options, fault.message), fault)
  const accepted = { steps: STEPS, json: attestationFields, form: attestationForm, again }
  const read = await posted(visit, accepted, options)
  if (read.kind !== 'posted') return read
  const { visitor, fields, isForm, refuse } = read
  const site = passkeySite(visit.host, options.isAllowedOrigin)
  if (site === undefined) return refuse(NEEDS_NAME)
  const { record } = visitor.live
  const holder = sessionHolder(visitor.token)
  const enrolment = { record, attestation: fields, site, holder, caller: visit.caller }
  const outcome = await enrolPasskey(enrolment, options)
  if (outcome.kind === 'refused') return refuseChange(outcome.reason, read, 'enrol', enrolmentProblem)
  const answer = await handOver(visit, visitor, outcome.opened, options)
  const { opened, recoveryCodes } = outcome
  if (!isForm) return json({ ...answer, ...(recoveryCodes === undefined ? {} : { recoveryCodes }) })
  if (recoveryCodes !== undefined) return page(newRecoveryCodesPage({ codes: recoveryCodes }))
  return redirect(pageOf(opened.record.pending))
}

/** `POST /auth/remove/passkey`: takes a passkey away. */
export async function passkeyRemovalRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const again = (_visitor: KnownVisitor, fault: Problem): Reply => failed(fault)
  const accepted = { steps: COMPLETE, json: removalFields, form: removalForm, again }
  const read = await posted(visit, accepted, options)
  if (read.kind !== 'posted') return read
  const { visitor, fields, isForm } = read
  const outcome = await removePasskey(visitor.live.record, fields.id, visit.caller, options)
  if (outcome.kind === 'refused') return refuseChange(outcome.reason, read, 'account', removalProblem)
  const answer = await handOver(visit, visitor, outcome.opened, options)
  return isForm ? redirect(pageOf(outcome.opened.record.pending)) : json(answer)
}

const GONE = problem('conflict', 'There is no such passkey.')
function removalProblem(reason: FactorRefusal): Problem {
  return reason === 'conflict' ? GONE : factorProblem(reason)
}

const NOT_ADDED = problem('conflict', 'This passkey is here already, or there are as many as there can be.')

function enrolmentProblem(reason: FactorRefusal): Problem {
  if (reason === 'second_factor_refused') return NOT_ACCEPTED
  return reason === 'conflict' ? NOT_ADDED : factorProblem(reason)
}
