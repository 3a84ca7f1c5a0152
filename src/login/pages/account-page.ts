import { html, type Html } from './html.ts'
import { layout, notice } from './layout.ts'
import { logOutForm } from './log-out-form.ts'
import { timeOf } from './time.ts'

/** What the account page shows. Times in ms since the epoch. */
export interface AccountPage {
  readonly formToken: string
  readonly user: string
  readonly roles: readonly string[]
  readonly idleExpiresAt: number
  readonly expiresAt: number
  /** What has just happened. */
  readonly notice: string | undefined
  /** Each a heading of the second level, and what is under it. */
  readonly sections: readonly Html[]
}

/** Who you are here, what you may do and until when, and what belongs to the account. */
export function accountPage(page: AccountPage): string {
  return layout(
    'Your account',
    html`
      ${notice(page.notice)}
      <dl class="columns">
        <div>
          <dt>Logged in as</dt>
          <dd>${page.user}</dd>
        </div>
        <div>
          <dt>${page.roles.length === 1 ? 'Role' : 'Roles'}</dt>
          <dd>${page.roles.length === 0 ? 'none' : page.roles.join(', ')}</dd>
        </div>
        <div>
          <dt>Ends, if you do nothing</dt>
          <dd>${timeOf(page.idleExpiresAt)}</dd>
        </div>
        <div>
          <dt>Ends in any case</dt>
          <dd>${timeOf(page.expiresAt)}</dd>
        </div>
      </dl>
      <p class="links"><a href="/password">Change password</a></p>
      ${logOutForm(page.formToken)} ${page.sections}
    `,
    'wide',
  )
}
