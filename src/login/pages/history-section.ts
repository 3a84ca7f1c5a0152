import { html, type Html } from './html.ts'
import { timeOf } from './time.ts'

/** One line of the history. */
export interface ShownEvent {
  /** Ms since the epoch. */
  readonly at: number
  readonly what: string
  /** Empty for what somebody else did. */
  readonly address: string
  readonly device: string
}

/** So many are in sight at once; the others are opened. */
const SHOWN = 10

/** What happened to an account, newest first; `undefined` if nothing did. */
export function historySection(entries: readonly ShownEvent[]): Html | undefined {
  if (entries.length === 0) return undefined
  return html`
    <section aria-labelledby="history">
      <h2 id="history">What happened</h2>
      <p class="hint">If anything here was not you, change your password and end all other sessions.</p>
      ${list(entries.slice(0, SHOWN))} ${entries.length > SHOWN ? earlier(entries.slice(SHOWN)) : undefined}
    </section>
  `
}

function earlier(entries: readonly ShownEvent[]): Html {
  return html`
    <details>
      <summary>${entries.length} more, from before</summary>
      ${list(entries)}
    </details>
  `
}

function list(entries: readonly ShownEvent[]): Html {
  return html`<ol class="events">
    ${entries.map(line)}
  </ol>`
}

function line({ at, what, address, device }: ShownEvent): Html {
  const from = [device, address].filter((text) => text !== '').join(', ')
  return html`<li>
    <strong>${what}</strong>
    <span class="hint">${timeOf(at)}${from === '' ? undefined : ` · ${from}`}</span>
  </li>`
}
