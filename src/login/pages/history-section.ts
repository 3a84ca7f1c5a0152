import type { HistoryEvent } from '../history.ts'
import { html, type Html } from './html.ts'
import { timeOf } from './time.ts'

/** One line of the history. */
export interface ShownEvent {
  /** Ms since the epoch. */
  readonly at: number
  readonly event: HistoryEvent
  /** Empty for what somebody else did. */
  readonly address: string
  readonly device: string
}

const WORDS: Readonly<Record<HistoryEvent, string>> = {
  login: 'Signed in',
  login_failed: 'Somebody could not sign in',
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
  disabled: 'Account disabled',
  enabled: 'Account enabled',
}

/** What happened to an account, newest first; `undefined` if nothing did. */
export function historySection(entries: readonly ShownEvent[]): Html | undefined {
  if (entries.length === 0) return undefined
  return html`
    <section aria-labelledby="history">
      <h2 id="history">What happened</h2>
      <p class="hint">If anything here was not you, change your password and end all other sessions.</p>
      <ol class="events" reversed>
        ${entries.map(line)}
      </ol>
    </section>
  `
}

function line({ at, event, address, device }: ShownEvent): Html {
  const from = [device, address].filter((text) => text !== '').join(', ')
  return html`<li>
    <strong>${WORDS[event]}</strong>
    <span class="hint">${timeOf(at)}${from === '' ? undefined : ` · ${from}`}</span>
  </li>`
}
