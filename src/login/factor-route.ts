import { codeFields, codeForm } from './factor-fields.ts'
import { wrongCode } from './factor-problem.ts'
import { sessionFormToken } from './form-guard.ts'
import { knownUser } from './known-user.ts'
import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { secondFactorPage } from './pages/second-factor-page.ts'
import { hasPasskeyName } from './passkey-site.ts'
import { handOver, posted } from './posted.ts'
import { refusal, type Problem } from './problem.ts'
import { proveCode } from './prove-code.ts'
import { json, page, pageOfProblem, redirect, type Reply } from './reply.ts'
import { rotateSession } from './rotate-session.ts'
import { pageOf } from './step-page.ts'
import { stopLogin } from './stop-login.ts'
import { pageVisitor, type KnownVisitor, type Steps } from './visitor.ts'
import type { Visit } from './visit.ts'

const STEPS: Steps = ['second_factor']

/** `GET /second-factor`: the form for the code that a login still lacks. */
export async function secondFactorPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options, STEPS)
  return visitor.kind === 'known' ? page(await pageFor(visit, visitor, options)) : redirect(visitor.to)
}

/**
 * `POST /auth/factor`: the TOTP or recovery code that a login still lacks. After too many tries the login ends and has
 * to be begun again.
 */
export async function factorRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const again = async (visitor: KnownVisitor, fault: Problem): Promise<Reply> =>
    pageOfProblem(await pageFor(visit, visitor, options, fault.message), fault)
  const read = await posted(visit, { steps: STEPS, json: codeFields, form: codeForm, again }, options)
  if (read.kind !== 'posted') return read
  const { visitor, fields, isForm, refuse } = read
  const proved = await completed(visit, visitor, fields.code, options)
  if (proved.kind === 'wait') return stopLogin(visit, visitor, proved.seconds, options)
  if (proved.kind === 'refused') return refuse(proved.problem)
  const answer = await handOver(visit, visitor, proved.opened, options)
  return isForm ? redirect(pageOf(proved.opened.record.pending)) : json(answer)
}

type Completed =
  | { readonly kind: 'opened'; readonly opened: OpenedSession }
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'wait'; readonly seconds: number }

async function completed(
  { caller }: Visit,
  { live: { record } }: KnownVisitor,
  code: string,
  options: LoginOptions,
): Promise<Completed> {
  const user = { name: record.user, epoch: record.epoch }
  const outcome = await proveCode({ user, digest: record.digest, code, caller }, options)
  if (outcome.kind === 'wait') return outcome
  if (outcome.kind === 'refused')
    return { kind: 'refused', problem: outcome.reason === 'session_invalid' ? GONE : wrongCode() }
  const { known, method } = outcome
  const rise = { record, known, method, mfaAt: options.now(), isFresh: false, caller } as const
  const opened = await rotateSession({ ...rise, reason: 'second_factor' }, options)
  return opened === undefined ? { kind: 'refused', problem: GONE } : { kind: 'opened', opened }
}

const GONE = refusal('session_invalid')

async function pageFor(
  visit: Visit,
  { live, token }: KnownVisitor,
  options: LoginOptions,
  fault?: string,
): Promise<string> {
  const { user } = live.record
  const known = await knownUser(user, options)
  const formToken = sessionFormToken(token, options)
  return secondFactorPage({
    formToken,
    user,
    hasTotp: (known?.credentials.totp ?? null) !== null,
    hasPasskey: hasPasskeyName(visit, options) && (known?.credentials.passkeys.length ?? 0) > 0,
    problem: fault,
  })
}
