import { html, type Html } from './html.ts'

/** The field for a code of an authenticator app. */
export function totpField(label: string, hint?: Html): Html {
  return html`
    <label for="code">${label}</label>
    <input
      id="code"
      name="code"
      type="text"
      inputmode="numeric"
      autocomplete="one-time-code"
      maxlength="64"
      required
      autofocus
      ${hint === undefined ? undefined : html`aria-describedby="code-hint"`}
    />
    ${hint === undefined ? undefined : html`<p class="hint" id="code-hint">${hint}</p>`}
  `
}

/** The field for a recovery code. */
export function recoveryCodeField(): Html {
  return html`
    <label for="recovery-code">Recovery code</label>
    <input
      id="recovery-code"
      name="code"
      type="text"
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      maxlength="64"
      aria-describedby="recovery-hint"
      required
    />
    <p class="hint" id="recovery-hint">24 letters and digits, as you kept them. Each is good once.</p>
  `
}
