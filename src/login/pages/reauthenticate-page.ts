import { html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'
import { passkeyButton } from './passkey-form.ts'

/** What the page for a fresh authentication shows. */
export interface ReauthenticatePage {
  readonly formToken: string
  readonly user: string
  /** What it is for: it goes back with the form. */
  readonly place: string
  /** Whether there is a second factor, of which a code is asked for too. */
  readonly hasSecondFactor: boolean
  /** Where a passkey leads to that can be used here instead; undefined if there is none. */
  readonly passkeyNext: string | undefined
  readonly problem?: string | undefined
}

/** The form by which somebody proves again who he is. */
export function reauthenticatePage(page: ReauthenticatePage): string {
  return layout(
    'Is it still you?',
    html`
      <p>For this you prove again who you are. It is good for five minutes.</p>
      ${alert(page.problem)}
      <form method="post" action="/auth/reauthenticate">
        ${formTokenField(page.formToken)}
        <input type="hidden" name="place" value="${page.place}" />
        <input type="text" value="${page.user}" autocomplete="username" hidden readonly />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
        />
        ${page.hasSecondFactor ? CODE : undefined}
        <button type="submit">Continue</button>
      </form>
      ${page.passkeyNext === undefined ? undefined : passkeyButton({ words: WITH_PASSKEY, next: page.passkeyNext })}
      <p class="links"><a href="/account">Back to your account</a></p>
      ${logOutForm(page.formToken)}
    `,
  )
}

const WITH_PASSKEY = 'Use a passkey instead'

const CODE = html`
  <label for="code">Code</label>
  <input
    id="code"
    name="code"
    type="text"
    autocomplete="one-time-code"
    autocapitalize="none"
    spellcheck="false"
    maxlength="64"
    aria-describedby="code-hint"
    required
  />
  <p class="hint" id="code-hint">Of your authenticator app, or a recovery code.</p>
`
