import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'

/** The way out of a login that is not complete. */
export function startOver(formToken: string): Html {
  return html`
    <form method="post" action="/auth/logout" class="links">
      ${formTokenField(formToken)}
      <button type="submit" class="quiet">Log out</button>
    </form>
  `
}
