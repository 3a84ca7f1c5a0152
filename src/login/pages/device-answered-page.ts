import { html } from './html.ts'
import { layout, notice } from './layout.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page shows after an answer. */
export interface DeviceAnsweredPage {
  readonly formToken: string
  readonly isApproved: boolean
}

/** What became of the terminal, and what to do next. */
export function deviceAnsweredPage({ formToken, isApproved }: DeviceAnsweredPage): string {
  return layout(
    isApproved ? 'Terminal approved' : 'Terminal denied',
    html`
      ${notice(
        isApproved
          ? 'Your terminal logs in within a few seconds. Stay logged in here until it says so.'
          : 'Nobody was logged in.',
      )}
      <p>
        ${
          isApproved
            ? 'It is among your sessions, where you can end it at any time.'
            : 'If somebody else gave you the code, tell whoever runs this server: he tried to log in as you.'
        }
      </p>
      <p class="links"><a href="/account">Go to your account</a></p>
      ${logOutForm(formToken)}
    `,
  )
}
