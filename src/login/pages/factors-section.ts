import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'
import { timeOf } from './time.ts'

/** What the account page shows of second factors. */
export interface FactorsSection {
  readonly formToken: string
  /** When the authenticator app was set up, in ms since the epoch; null for none. */
  readonly totpAddedAt: number | null
  /** Whether there is a second factor of any kind. */
  readonly hasSecondFactor: boolean
  readonly recoveryCodesLeft: number
}

/** The authenticator app and the recovery codes of an account. */
export function factorsSection(section: FactorsSection): Html {
  return html`
    <section aria-labelledby="factors">
      <h2 id="factors">Authenticator app</h2>
      ${section.totpAddedAt === null ? WITHOUT_TOTP : withTotp(section.totpAddedAt, section.formToken)}
      ${section.hasSecondFactor ? recoveryCodes(section.recoveryCodesLeft) : undefined}
    </section>
  `
}

const WITHOUT_TOTP = html`
  <p>There is none yet.</p>
  <p><a href="/enrol">Set up an authenticator app</a></p>
`

function withTotp(addedAt: number, formToken: string): Html {
  return html`
    <p>Set up ${timeOf(addedAt)}. <a href="/enrol">Set up another in its place</a></p>
    <form method="post" action="/auth/remove/totp">
      ${formTokenField(formToken)}
      <button type="submit" class="quiet">Remove the authenticator app</button>
    </form>
  `
}

function recoveryCodes(left: number): Html {
  return html`
    <h2>Recovery codes</h2>
    <p>${left} of 10 left. <a href="/recovery-codes">Make new ones</a></p>
  `
}
