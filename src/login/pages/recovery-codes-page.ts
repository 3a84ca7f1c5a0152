import { html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page with new recovery codes shows. */
export interface NewRecoveryCodesPage {
  readonly codes: readonly string[]
}

/** New recovery codes: the only time that anybody sees them. The download is in the page itself. */
export function newRecoveryCodesPage({ codes }: NewRecoveryCodesPage): string {
  const file = `data:text/plain;charset=utf-8,${encodeURIComponent(textOf(codes))}`
  return layout(
    'Your recovery codes',
    html`
      <p>
        Without your second factor, each of these lets you in once. Keep them where your password is not. They
        are shown only now.
      </p>
      <ul class="codes" id="codes">
        ${codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ul>
      <button type="button" class="quiet" data-copy="codes" hidden>Copy</button>
      <p><a href="${file}" download="sallyport-recovery-codes.txt">Download as a text file</a></p>
      <a class="button" href="/account">I have kept them</a>
    `,
  )
}

/** What the page about recovery codes shows. */
export interface RecoveryCodesPage {
  readonly formToken: string
  /** How many were not used yet. */
  readonly left: number
  readonly problem?: string | undefined
}

/** How many recovery codes are left, and the form for new ones. */
export function recoveryCodesPage({ formToken, left, problem }: RecoveryCodesPage): string {
  return layout(
    'Recovery codes',
    html`
      ${alert(problem)}
      <p>${left === 1 ? '1 recovery code is' : `${left} recovery codes are`} left, of 10.</p>
      <p>New ones take the place of all that are left, and end your other sessions.</p>
      <form method="post" action="/auth/recovery-codes">
        ${formTokenField(formToken)}
        <button type="submit">Make ten new codes</button>
      </form>
      <p class="links"><a href="/account">Back to your account</a></p>
      ${logOutForm(formToken)}
    `,
  )
}

function textOf(codes: readonly string[]): string {
  return ['Sallyport recovery codes. Each is good once.', '', ...codes, ''].join('\r\n')
}
