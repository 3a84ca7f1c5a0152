import { html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page for a new password shows. */
export interface PasswordPage {
  readonly formToken: string
  readonly user: string
  /** Whether it must be changed before anything else: the present one was good once, and was just given. */
  readonly isForced: boolean
  readonly problem?: string | undefined
}

/** The form for a new password. */
export function passwordPage({ formToken, user, isForced, problem }: PasswordPage): string {
  return layout(
    isForced ? 'Choose a password' : 'Change password',
    html`
      ${isForced ? html`<p>The password that you were given is good only for this: choose your own, ${user}.</p>` : undefined}
      ${alert(problem)}
      <form method="post" action="/auth/password">
        ${formTokenField(formToken)}
        <input type="text" value="${user}" autocomplete="username" hidden readonly />
        ${isForced ? undefined : PRESENT_PASSWORD}
        <label for="newPassword">New password</label>
        <input
          id="newPassword"
          name="newPassword"
          type="password"
          autocomplete="new-password"
          minlength="12"
          aria-describedby="hint"
          required
          ${isForced ? AUTOFOCUS : undefined}
        />
        <p class="hint" id="hint">
          At least 12 characters. A few words that do not belong together are good.
        </p>
        <label for="repeat">New password, again</label>
        <input
          id="repeat"
          name="repeat"
          type="password"
          autocomplete="new-password"
          minlength="12"
          required
        />
        <button type="submit">Set password</button>
      </form>
      ${isForced ? undefined : html`<p class="links"><a href="/account">Back to your account</a></p>`}
      ${logOutForm(formToken)}
    `,
  )
}

const AUTOFOCUS = html`autofocus`
const PRESENT_PASSWORD = html`
  <label for="password">Present password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required autofocus />
`
