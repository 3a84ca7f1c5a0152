import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'
import { timeOf } from './time.ts'

/** One session in the list. Times in ms since the epoch. */
export interface ShownSession {
  readonly id: string
  readonly device: string
  /** What has its token, in words. */
  readonly holder: string
  readonly address: string
  /** What was proved in it, in words. */
  readonly proved: string
  /** Whether a step is still missing. */
  readonly isPending: boolean
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly expiresAt: number
  /** Whether it is the one that asks. */
  readonly isCurrent: boolean
}

/** What the section shows. */
export interface SessionsSection {
  readonly formToken: string
  readonly sessions: readonly ShownSession[]
}

/** Where somebody is logged in, this session first, and how to end that. */
export function sessionsSection({ formToken, sessions }: SessionsSection): Html {
  const own = sessions.filter(({ isCurrent }) => isCurrent)
  const others = sessions.filter(({ isCurrent }) => !isCurrent)
  return html`
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are logged in</h2>
      ${others.length === 0 ? undefined : endOthersForm(formToken)}
      <ul class="items">
        ${[...own, ...others].map((session) => item(session, formToken))}
      </ul>
    </section>
  `
}

function endOthersForm(formToken: string): Html {
  return html`
    <form method="post" action="/auth/sessions/end-others">
      ${formTokenField(formToken)}
      <button type="submit" class="quiet">End all other sessions</button>
    </form>
  `
}

function item(session: ShownSession, formToken: string): Html {
  const { id, device, holder, address, proved, isPending, isCurrent } = session
  return html`
    <li>
      <h3><span id="session-${id}">${device}</span> ${isCurrent ? THIS_ONE : undefined}</h3>
      <dl class="facts">
        <dt>Logged in</dt>
        <dd>${timeOf(session.createdAt)} from ${address}</dd>
        <dt>Last seen</dt>
        <dd>${timeOf(session.lastSeenAt)}</dd>
        <dt>Ends by</dt>
        <dd>${timeOf(session.expiresAt)}</dd>
        <dt>Proved by</dt>
        <dd>${proved}${isPending ? ', and not complete yet' : undefined}</dd>
        <dt>Held by</dt>
        <dd>${holder}</dd>
      </dl>
      ${
        isCurrent
          ? undefined
          : html`
              <form method="post" action="/auth/sessions/end">
                ${formTokenField(formToken)}
                <input type="hidden" name="id" value="${id}" />
                <button type="submit" class="quiet" id="end-${id}" aria-labelledby="end-${id} session-${id}">
                  End
                </button>
              </form>
            `
      }
    </li>
  `
}

const THIS_ONE = html`<span class="tag">this one</span>`
