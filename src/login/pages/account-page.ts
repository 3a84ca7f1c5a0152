import { html, type Html } from './html.ts'
import { formTokenField, layout, notice } from './layout.ts'

/** What the account page shows. Times in ms since the epoch. */
export interface AccountPage {
  readonly formToken: string
  readonly user: string
  readonly roles: readonly string[]
  readonly idleExpiresAt: number
  readonly expiresAt: number
  readonly passwordChanged: boolean
}

/** Who you are here, what you may do, and until when. */
export function accountPage(page: AccountPage): string {
  return layout(
    'Your account',
    html`
      ${notice(page.passwordChanged ? 'Your password is changed. Your other sessions have ended.' : undefined)}
      <dl>
        <dt>Signed in as</dt>
        <dd>${page.user}</dd>
        <dt>${page.roles.length === 1 ? 'Role' : 'Roles'}</dt>
        <dd>${page.roles.length === 0 ? 'none' : page.roles.join(', ')}</dd>
        <dt>Ends, if you do nothing</dt>
        <dd>${timeOf(page.idleExpiresAt)}</dd>
        <dt>Ends in any case</dt>
        <dd>${timeOf(page.expiresAt)}</dd>
      </dl>
      <form method="post" action="/auth/logout">
        ${formTokenField(page.formToken)}
        <button type="submit">Log out</button>
      </form>
      <p class="links"><a href="/password">Change password</a></p>
    `,
  )
}

const READABLE = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
})

function timeOf(time: number): Html {
  const date = new Date(time)
  return html`<time datetime="${date.toISOString()}">${READABLE.format(date)} UTC</time>`
}
