import { hasSecondFactor } from './credentials.ts'
import { reauthenticateFields, reauthenticateForm } from './factor-fields.ts'
import { sessionFormToken } from './form-guard.ts'
import { knownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'
import { reauthenticatePage } from './pages/reauthenticate-page.ts'
import { hasPasskeyName } from './passkey-site.ts'
import { backTo, placeNamed, type Place } from './place.ts'
import { handOver, posted } from './posted.ts'
import { problem, refusal, tooMany, type Problem } from './problem.ts'
import { reauthenticate, type Reauthenticated } from './reauthenticate.ts'
import { json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { pageOf } from './step-page.ts'
import { pageVisitor, type KnownVisitor, type Steps } from './visitor.ts'
import type { Visit } from './visit.ts'

/** Who has to enrol before anything else may prove himself for that. */
const STEPS: Steps = [null, 'enrol']

/** `GET /reauthenticate?place`: the form for a fresh authentication. */
export async function reauthenticatePageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options, STEPS)
  if (visitor.kind === 'elsewhere') return redirect(visitor.to)
  const { pending } = visitor.live.record
  if (pending !== null) return redirect(pageOf(pending))
  return page(await pageFor(visit, visitor, placeNamed(visit.query), options))
}

/** `POST /auth/reauthenticate`: proves again who has the session, which goes on under a new token. */
export async function reauthenticateRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const place = placeNamed(placeIn(visit))
  const again = async (visitor: KnownVisitor, fault: Problem): Promise<Reply> =>
    pageOfProblem(await pageFor(visit, visitor, place, options, fault.message), fault)
  const accepted = { steps: STEPS, json: reauthenticateFields, form: reauthenticateForm, again }
  const read = await posted(visit, accepted, options)
  if (read.kind !== 'posted') return read
  const { visitor, isForm, refuse } = read
  const { password, code } = read.fields
  const { record } = visitor.live
  const outcome = await reauthenticate({ record, password, code, caller: visit.caller }, options)
  if (outcome.kind !== 'fresh') return refuse(problemOf(outcome))
  const answer = await handOver(visit, visitor, outcome.opened, options)
  return isForm ? redirect(backTo(place)) : json(answer)
}

function placeIn({ body }: Visit): string {
  const place = body.kind === 'form' ? body.fields['place'] : undefined
  return typeof place === 'string' ? place : ''
}

function problemOf(outcome: Exclude<Reauthenticated, { kind: 'fresh' }>): Problem {
  if (outcome.kind === 'wait') return tooMany(outcome.seconds)
  if (outcome.reason === 'code_missing') return problem('bad_request', 'The field "code" is missing.')
  if (outcome.reason === 'invalid_credentials') return problem('invalid_credentials', 'That is not right.')
  return refusal(outcome.reason)
}

async function pageFor(
  visit: Visit,
  { live, token }: KnownVisitor,
  place: Place,
  options: LoginOptions,
  fault?: string,
): Promise<string> {
  const { user } = live.record
  const known = await knownUser(user, options)
  const factor = known !== undefined && hasSecondFactor(known.credentials)
  const formToken = sessionFormToken(token, options)
  const hasPasskey = hasPasskeyName(visit, options) && (known?.credentials.passkeys.length ?? 0) > 0
  const passkeyNext = hasPasskey ? backTo(place) : undefined
  return reauthenticatePage({ formToken, user, place, hasSecondFactor: factor, passkeyNext, problem: fault })
}
