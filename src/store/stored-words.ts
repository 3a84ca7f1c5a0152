import type { HistoryEvent } from '../login/history.ts'
import type { AuthenticationMethod, PendingStep } from '../auth/session-record.ts'

const STEPS: Readonly<Record<PendingStep, true>> = { second_factor: true, change_password: true, enrol: true }
const METHODS: Readonly<Record<AuthenticationMethod, true>> = {
  password: true,
  totp: true,
  recovery_code: true,
  passkey: true,
}

const EVENTS: Readonly<Record<HistoryEvent, true>> = {
  login: true,
  login_failed: true,
  password_changed: true,
  password_reset: true,
  totp_added: true,
  totp_removed: true,
  passkey_added: true,
  passkey_removed: true,
  recovery_codes_made: true,
  recovery_code_used: true,
  factors_reset: true,
  session_ended: true,
  sessions_ended: true,
  device_approved: true,
  call_confirmed: true,
  call_approved: true,
  call_refused: true,
  secret_set: true,
  secret_removed: true,
  disabled: true,
  enabled: true,
}

/**
 * The pending step that a store holds as text.
 *
 * Fails closed: a step that this version does not know is `undefined`, and its session is not live; it is never taken
 * for a complete one.
 */
export function pendingOf(stored: string | null): PendingStep | null | undefined {
  return stored === null || isKeyOf(STEPS, stored) ? stored : undefined
}

/**
 * The methods that a store holds as one text with spaces between them.
 *
 * Fails closed: `undefined`, and the session is not live, if this version does not know one of them.
 */
export function methodsOf(stored: string): readonly AuthenticationMethod[] | undefined {
  const methods = stored === '' ? [] : stored.split(' ')
  return methods.every((method) => isKeyOf(METHODS, method)) ? methods : undefined
}

/** An event of an account's history; `undefined` for one that this version does not know. */
export function historyEventOf(stored: string): HistoryEvent | undefined {
  return isKeyOf(EVENTS, stored) ? stored : undefined
}

function isKeyOf<Key extends string>(keys: Readonly<Record<Key, true>>, text: string): text is Key {
  return Object.hasOwn(keys, text)
}
