import { fieldsIn, noFields } from './fields.ts'
import { knownUser } from './known-user.ts'
import { loggedIn } from './logged-in.ts'
import { holdSession } from './hold-session.ts'
import type { LoginOptions } from './options.ts'
import { passkeyAsker, type PasskeyAsker } from './passkey-asker.ts'
import { newChallenge } from './passkey-challenge.ts'
import { assertionFields } from './passkey-fields.ts'
import { logInByPasskey } from './passkey-log-in.ts'
import { requestOptions } from './passkey-options.ts'
import { NEEDS_NAME, NOT_ACCEPTED } from './passkey-problems.ts'
import { passkeySite } from './passkey-site.ts'
import { handOver } from './posted.ts'
import { problem, refusal, tooMany } from './problem.ts'
import type { PasskeyAnswer } from './prove-passkey.ts'
import { failed, json, type Reply } from './reply.ts'
import { riseByPasskey } from './rise-by-passkey.ts'
import { stopLogin } from './stop-login.ts'
import type { Visit } from './visit.ts'

const NONE_HERE = problem('conflict', 'There is no passkey for this account.')

/** `POST /auth/passkey/options`: what to ask the browser for; nothing is stored. */
export async function passkeyOptionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(visit.body, noFields)
  if (read.kind === 'refused') return failed(read.problem)
  const site = passkeySite(visit.host, options.isAllowedOrigin)
  if (site === undefined) return failed(NEEDS_NAME)
  const asker = await passkeyAsker(visit, visit.ensureFormSecret(), options)
  if (asker.kind === 'refused') return failed(refusal(asker.reason))
  const challenge = newChallenge({ use: 'get', holder: asker.holder }, options.now(), options.keys.challenge)
  if (asker.kind === 'stranger') return json(requestOptions(challenge, site, []))
  const known = await knownUser(asker.visitor.live.record.user, options)
  const passkeys = known?.credentials.passkeys ?? []
  // An empty list would ask for any passkey at all.
  return passkeys.length === 0 ? failed(NONE_HERE) : json(requestOptions(challenge, site, passkeys))
}

/** `POST /auth/passkey`: a login without a password, or in a session its second factor or a fresh authentication. */
export async function passkeyRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(visit.body, assertionFields)
  if (read.kind === 'refused') return failed(read.problem)
  const site = passkeySite(visit.host, options.isAllowedOrigin)
  if (site === undefined) return failed(NEEDS_NAME)
  const asker = await passkeyAsker(visit, visit.formSecret, options)
  if (asker.kind === 'refused') return failed(refusal(asker.reason))
  const answer = { assertion: read.fields, site, holder: asker.holder, caller: visit.caller }
  return asker.kind === 'stranger' ? entered(visit, answer, options) : risen(visit, asker, answer, options)
}

async function entered(visit: Visit, answer: PasskeyAnswer, options: LoginOptions): Promise<Reply> {
  const outcome = await logInByPasskey(answer, options)
  if (outcome.kind === 'wait') return failed(tooMany(outcome.seconds))
  if (outcome.kind === 'refused') return failed(NOT_ACCEPTED)
  await holdSession(visit, outcome.opened, options)
  return json(loggedIn(outcome.opened, false, options))
}

async function risen(
  visit: Visit,
  { visitor }: Extract<PasskeyAsker, { kind: 'known' }>,
  answer: PasskeyAnswer,
  options: LoginOptions,
): Promise<Reply> {
  const outcome = await riseByPasskey({ ...answer, visitor }, options)
  if (outcome.kind === 'risen') return json(await handOver(visit, visitor, outcome.opened, options))
  if (outcome.kind === 'refused')
    return failed(outcome.reason === 'session_invalid' ? refusal('session_invalid') : NOT_ACCEPTED)
  const isPending = visitor.live.record.pending !== null
  return isPending ? stopLogin(visit, visitor, outcome.seconds, options) : failed(tooMany(outcome.seconds))
}
