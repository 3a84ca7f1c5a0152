import { html, type Html } from './html.ts'
import { layout, notice } from './layout.ts'
import { logOutForm } from './log-out-form.ts'
import { timeOf } from './time.ts'

/** What the page shows after an answer. */
export interface ConfirmationAnsweredPage {
  readonly formToken: string
  readonly isOwn: boolean
  /** Until when the call has to be made, in ms since the epoch; undefined for one that was refused. */
  readonly until: number | undefined
}

/** What became of the call, and what to do next. */
export function confirmationAnsweredPage({ formToken, isOwn, until }: ConfirmationAnsweredPage): string {
  return layout(
    until === undefined ? 'Call refused' : isOwn ? 'Call confirmed' : 'Call approved',
    html`
      ${notice(until === undefined ? 'It is not let through.' : 'It is let through, once.')}
      ${until === undefined ? REFUSED : given(isOwn, until)}
      <p class="links"><a href="/account">Go to your account</a></p>
      ${logOutForm(formToken)}
    `,
  )
}

const REFUSED = html`<p>
  If you do not know who asked, or why, tell whoever runs this server: somebody may use a login or a
  certificate that is not his.
</p>`

function given(isOwn: boolean, until: number): Html {
  return isOwn
    ? html`<p>
        Go back to your application: it goes on by itself, or asks to make the same call again. It has to be
        made by ${timeOf(until)}.
      </p>`
    : html`<p>Whoever asked has to make the same call again by ${timeOf(until)}.</p>`
}
