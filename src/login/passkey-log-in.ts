import type { KnownUser } from './known-user.ts'
import type { LoginOutcome } from './log-in.ts'
import { openLogin } from './open-login.ts'
import type { LoginOptions } from './options.ts'
import { provePasskey, type PasskeyAnswer, type ProvenPasskey } from './prove-passkey.ts'
import { recordIfPossible, refusedLogin } from './session-audit.ts'

/**
 * Opens a session for whoever has a passkey and was verified by it: both factors at once (ASVS 5.0, 6.3.3).
 *
 * Fails closed: refused, all in the same words, for a handle of nobody, for a user who is disabled or has to set
 * another password first, and for whatever `provePasskey` refuses. The index that leads to the user proves nothing:
 * his credentials must hold this handle. Rejects with `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function logInByPasskey(login: PasskeyAnswer, options: LoginOptions): Promise<LoginOutcome> {
  const { caller } = login
  const throttled = await options.throttle.login({ caller })
  if (throttled.kind === 'wait') return throttled
  const proven = await byHandle(login, options)
  if (proven.kind === 'refused') {
    await recordIfPossible({ ...refusedLogin(caller), detail: proven.detail }, options)
    return { kind: 'refused' }
  }
  const { known } = proven
  const welcome = await options.throttle.loggedIn({ caller }, known.user.name)
  if (welcome.kind === 'wait') return welcome
  const opened = await openLogin(
    { known, method: 'passkey', mfaAt: options.now(), label: 'browser', previous: undefined, caller },
    options,
  )
  return opened === undefined ? { kind: 'refused' } : { kind: 'opened', opened }
}

async function byHandle(login: PasskeyAnswer, options: LoginOptions): Promise<ProvenPasskey> {
  const { userHandle } = login.assertion
  const user = userHandle === undefined ? undefined : await options.handles.userOf(userHandle)
  if (user === undefined) return { kind: 'refused', detail: null }
  return provePasskey({ ...login, user, isFit: mayEnter }, options)
}

function mayEnter({ user, credentials }: KnownUser): boolean {
  return !user.disabled && credentials.oneTimeUntil === null
}
