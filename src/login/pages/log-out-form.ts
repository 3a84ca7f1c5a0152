import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'

/** The way out, on every page of a session, also of one that lacks a step (ASVS 5.0, 7.4.4). */
export function logOutForm(formToken: string): Html {
  return html`
    <form method="post" action="/auth/logout" class="links">
      ${formTokenField(formToken)}
      <button type="submit" class="quiet">Log out</button>
    </form>
  `
}
