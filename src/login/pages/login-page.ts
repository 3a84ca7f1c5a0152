import { html } from './html.ts'
import { passkeyButton, passkeysNeedName } from './passkey-form.ts'
import { alert, formTokenField, layout, notice } from './layout.ts'

/** What the login page shows. */
export interface LoginPage {
  readonly formToken: string
  /** What was typed before, to be kept when it was refused. */
  readonly username?: string
  readonly problem?: string | undefined
  readonly signedOut?: boolean
  /** Whether the page was opened by a name, so that there can be passkeys. */
  readonly hasName?: boolean
}

/** The form for name and password. */
export function loginPage({ formToken, username, problem, signedOut, hasName = true }: LoginPage): string {
  return layout(
    'Log in',
    html`
      ${notice(signedOut === true ? 'You are logged out.' : undefined)} ${alert(problem)}
      <form method="post" action="/auth/login">
        ${formTokenField(formToken)}
        <label for="username">User name</label>
        <input
          id="username"
          name="username"
          type="text"
          value="${username ?? ''}"
          autocomplete="username webauthn"
          autocapitalize="none"
          spellcheck="false"
          maxlength="255"
          required
          ${username === undefined || username === '' ? AUTOFOCUS : undefined}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${username === undefined || username === '' ? undefined : AUTOFOCUS}
        />
        <button type="submit">Log in</button>
      </form>
      ${hasName ? BY_PASSKEY : passkeysNeedName}
    `,
  )
}

const BY_PASSKEY = passkeyButton({ words: 'Log in with a passkey', next: '/login', autofill: true })
const AUTOFOCUS = html`autofocus`
