import type { Passkey } from './credentials.ts'
import { changeCredentials, knownUser, type CredentialChange, type KnownUser } from './known-user.ts'
import type { Caller, LoginOptions } from './options.ts'
import { afterAnswer, wasAnswered } from './passkey-answered.ts'
import { challengeId } from './passkey-challenge.ts'
import { challengeIn } from './passkey-client-data.ts'
import type { AssertionFields } from './passkey-fields.ts'
import type { PasskeySite } from './passkey-site.ts'
import { tellOfFailedLogin } from './tell-of-failed-login.ts'
import { verifyAssertion } from './verify-assertion.ts'

/** What a browser answered to a challenge, and where it was. */
export interface PasskeyAnswer {
  readonly assertion: AssertionFields
  readonly site: PasskeySite
  /** For whom the challenge must have been made (`form-guard.ts`). */
  readonly holder: string
  readonly caller: Caller
}

/** The proof of a passkey, and what its user has to be besides. */
export interface PasskeyAttempt extends PasskeyAnswer {
  readonly user: string
  /** Asked of the user as he is when the proof is taken, without effects. */
  readonly isFit: (known: KnownUser) => boolean
}

/** What became of it. */
export type ProvenPasskey =
  | { readonly kind: 'proved'; readonly known: KnownUser }
  | { readonly kind: 'refused'; readonly detail: 'signature_counter' | null }

/**
 * Takes the proof of a passkey of a user, once: however many try it at the same moment on however many nodes, one of
 * them has it. User verification is asked for always, so that it counts as both factors.
 *
 * Fails closed: refused for whatever does not verify, for a challenge of another browser or one that was answered
 * before, for a signature counter that does not rise (there may be a copy of the key: its owner is told), and for a user
 * who is not fit. Rejects with `STORE_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function provePasskey(attempt: PasskeyAttempt, options: LoginOptions): Promise<ProvenPasskey> {
  const { user, assertion, site } = attempt
  const challenge = challengeIn(assertion.clientDataJSON) ?? ''
  const whom = { use: 'get', holder: attempt.holder } as const
  const answered = challengeId(challenge, whom, options.now(), options.keys.challenge)
  if (answered === undefined) return REFUSED
  const known = await knownUser(user, options)
  const passkey = known === undefined ? undefined : passkeyOf(known, attempt)
  if (passkey === undefined) return REFUSED
  const counter = await verifyAssertion(assertion, passkey, challenge, site)
  if (counter === undefined) return REFUSED
  const { publicKey } = passkey
  const judge = (now: KnownUser): CredentialChange<ProvenPasskey> =>
    judged(now, attempt, { publicKey, counter, answered, at: options.now() })
  const proven = (await changeCredentials(user, judge, options)) ?? REFUSED
  if (proven === COPIED) await tellOfFailedLogin(user, attempt.caller, options)
  return proven
}

const REFUSED: ProvenPasskey = Object.freeze({ kind: 'refused', detail: null })
const COPIED: ProvenPasskey = Object.freeze({ kind: 'refused', detail: 'signature_counter' })

/** What was verified, and when. */
interface Verified {
  readonly publicKey: string
  readonly counter: number
  readonly answered: string
  readonly at: number
}

function passkeyOf(known: KnownUser, { assertion, isFit }: PasskeyAttempt): Passkey | undefined {
  const { passkeys, userHandle } = known.credentials
  const isOwn = assertion.userHandle === undefined || assertion.userHandle === userHandle
  return isOwn && isFit(known) ? passkeys.find(({ id }) => id === assertion.id) : undefined
}

function judged(
  known: KnownUser,
  attempt: PasskeyAttempt,
  { publicKey, counter, answered, at }: Verified,
): CredentialChange<ProvenPasskey> {
  const passkey = passkeyOf(known, attempt)
  if (passkey === undefined || passkey.publicKey !== publicKey) return leave(REFUSED)
  if (wasAnswered(answered, passkey.answered)) return leave(REFUSED)
  if (!rises(counter, passkey.counter)) return leave(COPIED)
  const used = { ...passkey, counter, answered: afterAnswer(answered, passkey.answered), lastUsedAt: at }
  const { user, credentials } = known
  const passkeys = credentials.passkeys.map((one) => (one.id === used.id ? used : one))
  const changed = { ...credentials, passkeys }
  const told = {
    kind: 'proved',
    known: { user: { ...user, revision: user.revision + 1 }, credentials: changed },
  } as const
  return { kind: 'write', credentials: changed, endSessions: false, told }
}

function leave(told: ProvenPasskey): CredentialChange<ProvenPasskey> {
  return { kind: 'leave', told }
}

/** An authenticator that has a counter raises it with each signature; one that has none says 0 for ever. */
function rises(counter: number, before: number): boolean {
  return counter > before || (counter === 0 && before === 0)
}
