import { removeSecret, setSecret, type SecretOutcome, type SecretRefusal } from './change-secret.ts'
import type { LoginOptions } from './options.ts'
import { reauthenticationFor } from './place.ts'
import { posted, type Posted } from './posted.ts'
import { problem, refusal, type Problem } from './problem.ts'
import { failed, redirect, type Reply } from './reply.ts'
import type { Routes } from './route.ts'
import { secretFields, secretForm, secretNamed, secretNamedForm } from './secret-fields.ts'
import { LONGEST_SECRET } from './secret-value.ts'
import { MOST_SECRETS } from './secret-vault.ts'
import { COMPLETE, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** What is posted about the keys that people keep for upstreams. */
export const secretActions: Routes = {
  '/auth/secret': setSecretRoute,
  '/auth/remove/secret': removeSecretRoute,
}

/** `POST /auth/secret`: keeps a key for an upstream. */
async function setSecretRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = await posted(visit, { ...FROM, json: secretFields, form: secretForm }, options)
  if (read.kind !== 'posted') return read
  const { visitor, fields } = read
  return answered(await setSecret(fields, visitor.live.record, visit.caller, options), read)
}

/** `POST /auth/remove/secret`: takes one away. */
async function removeSecretRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = await posted(visit, { ...FROM, json: secretNamed, form: secretNamedForm }, options)
  if (read.kind !== 'posted') return read
  const { visitor, fields } = read
  return answered(await removeSecret(fields, visitor.live.record, visit.caller, options), read)
}

const FROM = { steps: COMPLETE, again: (_visitor: KnownVisitor, fault: Problem): Reply => failed(fault) }

async function answered(
  outcome: SecretOutcome,
  { isForm, refuse }: Pick<Posted<object>, 'isForm' | 'refuse'>,
): Promise<Reply> {
  if (outcome.kind === 'done') return isForm ? redirect('/account#upstream-keys') : { kind: 'empty' }
  if (outcome.reason === 'reauthentication_required' && isForm)
    return redirect(reauthenticationFor('account'))
  return refuse(wordsOf(outcome.reason))
}

/** What belongs to an upstream that this person may not use is answered as what does not exist. */
function wordsOf(reason: SecretRefusal): Problem {
  switch (reason) {
    case 'session_invalid':
      return refusal('session_invalid')
    case 'reauthentication_required':
      return problem('reauthentication_required')
    case 'unknown':
      return problem('conflict', 'There is no such key, and nothing here asks for one.')
    case 'unfit':
      return problem('bad_request', `A key is one line of at most ${LONGEST_SECRET} bytes, and not empty.`)
    case 'full':
      return problem('conflict', `An account has at most ${MOST_SECRETS} keys: remove one first.`)
  }
}
