import { html } from './html.ts'
import { layout } from './layout.ts'

/** What the error page shows. */
export interface ErrorPage {
  readonly message: string
  readonly requestId: string
}

/** One sentence, and what to tell the operator. */
export function errorPage({ message, requestId }: ErrorPage): string {
  return layout(
    'That did not work',
    html`
      <p class="alert" role="alert">${message}</p>
      <p class="hint">If you ask for help, say which request it was: <code>${requestId}</code></p>
      <p class="links"><a href="/login">To the start</a></p>
    `,
  )
}
