import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'

/** A button that asks for a passkey. The script shows it where there is one to ask (`script.ts`). */
export interface PasskeyButton {
  /** What the button says. */
  readonly words: string
  /** Where to go afterwards: a path of ours. */
  readonly next: string
  /** Whether the browser offers passkeys in the field for the name, too. */
  readonly autofill?: boolean
  /** Whether it is what most people here want. */
  readonly isMain?: boolean
}

/** Asks for a passkey: to log in, as a second factor, or to prove anew who is there. */
export function passkeyButton({ words, next, autofill = false, isMain = false }: PasskeyButton): Html {
  return html`
    <div
      class="passkey"
      data-passkey="get"
      data-next="${next}"
      data-autofill="${autofill ? 'yes' : 'no'}"
      hidden
    >
      ${ALERT}
      <button type="button" class="${isMain ? 'main' : 'second'}">${words}</button>
    </div>
  `
}

/** Makes a passkey. */
export function passkeyForm(formToken: string): Html {
  return html`
    <form class="passkey" method="post" action="/auth/enrol/passkey" data-passkey="create" hidden>
      ${formTokenField(formToken)} ${ALERT}
      <label for="passkey-label">Name of the passkey (optional)</label>
      <input
        id="passkey-label"
        name="label"
        type="text"
        maxlength="64"
        autocomplete="off"
        aria-describedby="passkey-label-hint"
      />
      <p class="hint" id="passkey-label-hint">
        For example "blue key". It helps you tell your passkeys apart.
      </p>
      <button type="submit">Add a passkey</button>
    </form>
    <noscript><p class="hint">Passkeys need JavaScript, which is off in this browser.</p></noscript>
  `
}

/** Said where the page was opened by an address: no browser has passkeys for one. */
export const passkeysNeedName: Html = html`<p class="hint">
  Passkeys need a host name: open this page by its name, not by its address.
</p>`

const ALERT = html`<p class="alert" role="alert" hidden></p>`
