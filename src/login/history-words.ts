import type { HistoryEvent } from './history.ts'

/** What an event of an account's history is called, for people. */
export const historyWords: Readonly<Record<HistoryEvent, string>> = {
  login: 'Logged in',
  login_failed: 'Somebody could not log in',
  password_changed: 'Password changed',
  password_reset: 'Password reset by an operator',
  totp_added: 'Authenticator app added',
  totp_removed: 'Authenticator app removed',
  passkey_added: 'Passkey added',
  passkey_removed: 'Passkey removed',
  recovery_codes_made: 'New recovery codes made',
  recovery_code_used: 'Recovery code used',
  factors_reset: 'Second factors removed by an operator',
  session_ended: 'A session was ended',
  sessions_ended: 'Sessions were ended',
  device_approved: 'A device was let in',
  call_confirmed: 'A call was confirmed',
  call_approved: 'A call of somebody else was approved',
  call_refused: 'A call was refused',
  secret_set: 'A key for an upstream server was set',
  secret_removed: 'A key for an upstream server was removed',
  disabled: 'Account disabled',
  enabled: 'Account enabled',
}
