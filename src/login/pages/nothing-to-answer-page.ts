import { html } from './html.ts'
import { layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'

/** The one page for a call that is over, answered, somebody else's to answer, or never was. */
export function nothingToAnswerPage(formToken: string): string {
  return layout(
    'Nothing to answer here',
    html`
      <p class="alert" role="alert">This call was answered already, has ended, or is not yours to answer.</p>
      <p>
        Nobody approves what he asked for himself: pass the link on. Whoever approves needs a second factor in
        his session.
      </p>
      <p class="links"><a href="/account">Go to your account</a></p>
      ${logOutForm(formToken)}
    `,
  )
}
