import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'
import { timeOf } from './time.ts'

/** One session in the list. Times in ms since the epoch. */
export interface ShownSession {
  readonly id: string
  readonly device: string
  readonly label: string
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

/** Where somebody is signed in, and how to end that. */
export function sessionsSection({ formToken, sessions }: SessionsSection): Html {
  const others = sessions.filter(({ isCurrent }) => !isCurrent)
  return html`
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      <ul class="items">
        ${sessions.map((session) => item(session, formToken))}
      </ul>
      ${
        others.length === 0
          ? undefined
          : html`
              <form method="post" action="/auth/sessions/end-others">
                ${formTokenField(formToken)}
                <button type="submit" class="quiet">End all other sessions</button>
              </form>
            `
      }
    </section>
  `
}

function item(session: ShownSession, formToken: string): Html {
  const { id, device, label, address, proved, isPending, isCurrent } = session
  return html`
    <li>
      <h3><span id="session-${id}">${device}</span> ${isCurrent ? THIS_ONE : undefined}</h3>
      <dl class="facts">
        <dt>Signed in</dt>
        <dd>${timeOf(session.createdAt)} from ${address}</dd>
        <dt>Last seen</dt>
        <dd>${timeOf(session.lastSeenAt)}</dd>
        <dt>Ends by</dt>
        <dd>${timeOf(session.expiresAt)}</dd>
        <dt>Proved by</dt>
        <dd>${proved}${isPending ? ', and not complete yet' : undefined}</dd>
        <dt>Kind</dt>
        <dd>${label}</dd>
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
