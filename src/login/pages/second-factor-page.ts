import { recoveryCodeField, totpField } from './code-field.ts'
import { html, type Html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { passkeyButton } from './passkey-form.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page for the second factor shows. */
export interface SecondFactorPage {
  readonly formToken: string
  readonly user: string
  /** Whether there is an authenticator app; else a recovery code is all that can be typed. */
  readonly hasTotp: boolean
  /** Whether there is a passkey that can be used here. */
  readonly hasPasskey: boolean
  readonly problem?: string | undefined
}

/** The forms for a code. */
export function secondFactorPage(page: SecondFactorPage): string {
  return layout(
    'Second factor',
    html`
      <p>Your password is right, ${page.user}. One more proof that it is you.</p>
      ${alert(page.problem)} ${page.hasTotp ? totpForm(page) : undefined}
      ${page.hasPasskey ? passkeyButton({ words: 'Use a passkey', next: '/login', isMain: !page.hasTotp }) : undefined}
      <details ${page.hasTotp || page.hasPasskey ? undefined : html`open`}>
        <summary>Use a recovery code</summary>
        <form method="post" action="/auth/factor">
          ${formTokenField(page.formToken)} ${recoveryCodeField()}
          <button type="submit">Use recovery code</button>
        </form>
      </details>
      ${logOutForm(page.formToken)}
    `,
  )
}

function totpForm({ formToken }: SecondFactorPage): Html {
  return html`
    <form method="post" action="/auth/factor">
      ${formTokenField(formToken)} ${totpField('Code of your authenticator app')}
      <button type="submit">Continue</button>
    </form>
  `
}
