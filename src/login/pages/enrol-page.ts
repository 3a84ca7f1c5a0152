import { html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { passkeyForm, passkeysNeedName } from './passkey-form.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page to choose a second factor shows. */
export interface EnrolPage {
  readonly formToken: string
  /** Whether nothing else can be done before. */
  readonly isRequired: boolean
  /** Whether there is an authenticator app, which a new one takes the place of. */
  readonly hasTotp: boolean
  /** Whether the page was opened by a name, so that there can be passkeys. */
  readonly hasName: boolean
  readonly problem?: string | undefined
}

/** The choice of a second factor. */
export function enrolPage({ formToken, isRequired, hasTotp, hasName, problem }: EnrolPage): string {
  return layout(
    'Set up a second factor',
    html`
      ${alert(problem)}
      <p>
        ${isRequired ? 'Your role asks for a second factor: without one you can do nothing here.' : undefined}
        With a second factor, who learns your password still cannot log in.
      </p>
      <h2>Authenticator app</h2>
      <p>
        An app on your phone or in your password manager shows a new code every 30
        seconds.${hasTotp ? ' A new one takes the place of the one that you have.' : undefined}
      </p>
      <form method="post" action="/auth/enrol/totp">
        ${formTokenField(formToken)}
        <button type="submit">Set up an authenticator app</button>
      </form>
      <h2>Passkey</h2>
      <p>The lock of your device, or a security key. It lets you in without your password, too.</p>
      ${hasName ? passkeyForm(formToken) : passkeysNeedName}
      ${isRequired ? undefined : html`<p class="links"><a href="/account">Back to your account</a></p>`}
      ${logOutForm(formToken)}
    `,
  )
}
