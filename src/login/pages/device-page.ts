import { html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page for the code of a terminal shows. */
export interface DevicePage {
  readonly formToken: string
  /** To begin with, from the address; nothing happens before it is sent. */
  readonly code?: string | undefined
  readonly problem?: string | undefined
}

/** The form for the code that a terminal shows. */
export function devicePage({ formToken, code, problem }: DevicePage): string {
  return layout(
    'Log in a terminal',
    html`
      ${alert(problem)}
      <form method="post" action="/auth/device/approve">
        ${formTokenField(formToken)}
        <label for="code">Code</label>
        <input
          id="code"
          name="code"
          type="text"
          class="code"
          value="${code ?? ''}"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          maxlength="20"
          aria-describedby="hint"
          required
          autofocus
        />
        <p class="hint" id="hint">
          The eight letters that your own terminal shows after <code>sallyport login --device</code>. Never
          enter a code that somebody has sent you: it would log in his terminal as you.
        </p>
        <button type="submit">Continue</button>
      </form>
      <p class="links"><a href="/account">Back to your account</a></p>
      ${logOutForm(formToken)}
    `,
  )
}
