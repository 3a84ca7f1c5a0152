import { html } from './html.ts'
import { formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'
import { timeOf } from './time.ts'

/** What is shown of a terminal before it is logged in. Times in ms since the epoch. */
export interface DeviceApprovalPage {
  readonly formToken: string
  /** In its groups. */
  readonly code: string
  /** What the terminal calls itself, which may be anything. */
  readonly client: string
  readonly address: string
  readonly askedAt: number
  readonly user: string
  readonly endsBy: number
}

/** Which terminal asks, and the two answers. Denying comes last, since the way there is read first. */
export function deviceApprovalPage(page: DeviceApprovalPage): string {
  return layout(
    'Is this your terminal?',
    html`
      <p class="alert">
        Approve only what you started yourself a moment ago. Whoever sits at this terminal will be
        ${page.user}, until ${timeOf(page.endsBy)} at the latest.
      </p>
      <dl>
        <dt>Code, as your terminal shows it</dt>
        <dd class="code">${page.code}</dd>
        <dt>Asked from the address</dt>
        <dd>${page.address}</dd>
        <dt>Calls itself</dt>
        <dd>${page.client}</dd>
        <dt>Asked</dt>
        <dd>${timeOf(page.askedAt)}</dd>
      </dl>
      <form method="post" action="/auth/device/approve">
        ${formTokenField(page.formToken)}
        <input type="hidden" name="code" value="${page.code}" />
        <button type="submit" name="decision" value="approve">Approve</button>
        <button type="submit" name="decision" value="deny" class="second">Deny</button>
      </form>
      ${logOutForm(page.formToken)}
    `,
  )
}
