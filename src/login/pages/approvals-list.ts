import { exactText } from './exact-text.ts'
import { html, type Html } from './html.ts'
import { layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'
import { timeOf } from './time.ts'

/** A call of somebody else that waits. Times in ms since the epoch. */
export interface ShownApproval {
  readonly id: string
  /** As in "call the tool". */
  readonly what: string
  readonly name: string
  readonly principal: string
  readonly askedAt: number
  readonly endsBy: number
}

/** The section of the account page; `undefined` if nothing waits. */
export function approvalsSection(approvals: readonly ShownApproval[]): Html | undefined {
  if (approvals.length === 0) return undefined
  return html`
    <section aria-labelledby="approvals">
      <h2 id="approvals">Waiting for your approval</h2>
      ${list(approvals)}
    </section>
  `
}

/** The same as a page of its own. */
export function approvalsPage(approvals: readonly ShownApproval[], formToken: string): string {
  return layout(
    'Waiting for your approval',
    html`
      ${
        approvals.length === 0
          ? html`<p>
              Nothing waits for you. A call waits for those who have the role that its rule asks for, and a
              second factor in their session.
            </p>`
          : list(approvals)
      }
      <p class="links"><a href="/account">Go to your account</a></p>
      ${logOutForm(formToken)}
    `,
    'wide',
  )
}

function list(approvals: readonly ShownApproval[]): Html {
  return html`<ul class="events">
    ${approvals.map(line)}
  </ul>`
}

function line({ id, what, name, principal, askedAt, endsBy }: ShownApproval): Html {
  return html`<li>
    <a href="/confirm/${id}"
      >${principal} wants to ${what} <strong class="exact">${exactText(name)}</strong></a
    >
    <span class="hint">asked ${timeOf(askedAt)}, until ${timeOf(endsBy)}</span>
  </li>`
}
