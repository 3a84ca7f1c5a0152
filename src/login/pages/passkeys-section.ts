import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'
import { timeOf } from './time.ts'

/** What the section shows. Times in ms since the epoch. */
export interface PasskeysSection {
  readonly formToken: string
  readonly passkeys: readonly ShownPasskey[]
}

/** A passkey, as its owner sees it. */
export interface ShownPasskey {
  readonly id: string
  readonly label: string
  readonly addedAt: number
  readonly lastUsedAt: number | null
}

/** The passkeys of an account, and how to add and remove them. */
export function passkeysSection({ formToken, passkeys }: PasskeysSection): Html {
  return html`
    <section aria-labelledby="passkeys">
      <h2 id="passkeys">Passkeys</h2>
      <p>A passkey lets you in by the lock of your device or a security key, without a password.</p>
      <ul class="items">
        ${passkeys.map((passkey) => item(passkey, formToken))}
      </ul>
      <p><a href="/enrol">Add a passkey</a></p>
    </section>
  `
}

function item({ id, label, addedAt, lastUsedAt }: ShownPasskey, formToken: string): Html {
  return html`
    <li>
      <h3>${label}</h3>
      <dl class="facts">
        <dt>Added</dt>
        <dd>${timeOf(addedAt)}</dd>
        <dt>Last used</dt>
        <dd>${lastUsedAt === null ? 'not yet' : timeOf(lastUsedAt)}</dd>
      </dl>
      <form method="post" action="/auth/remove/passkey">
        ${formTokenField(formToken)}
        <input type="hidden" name="id" value="${id}" />
        <button type="submit" class="quiet" aria-label="Remove the passkey ${label}">Remove</button>
      </form>
    </li>
  `
}
