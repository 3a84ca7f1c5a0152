import { exactArguments, exactText } from './exact-text.ts'
import { html, type Html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'
import { timeOf } from './time.ts'

/** What is shown of a call before it is let through. Times in ms since the epoch. */
export interface ConfirmationPage {
  readonly formToken: string
  readonly id: string
  /** Whether it is the reader's own call, or somebody else's that he may approve. */
  readonly isOwn: boolean
  /** What is asked for, as in "call the tool". */
  readonly what: string
  /** Name of the tool or prompt, URI of the resource. */
  readonly name: string
  readonly principal: string
  /** What it was asked by, in words. */
  readonly credential: string
  /** From where, in words. */
  readonly from: string
  readonly rule: string
  readonly askedAt: number
  readonly endsBy: number
  /** Whole, in canonical JSON. */
  readonly args: string
  /** What the reader still has to do before he can let it through: prove that he is there, where; or set up a factor. */
  readonly lacks: { readonly proof: string } | 'factor' | undefined
  readonly problem?: string | undefined
}

/** The call, whole, and the two answers. Refusing comes last, since the way there is read first. */
export function confirmationPage(page: ConfirmationPage): string {
  const { isOwn, formToken } = page
  return layout(
    isOwn ? 'Confirm this call?' : 'Approve this call?',
    html`
      ${alert(page.problem)}
      <p class="alert">
        ${
          isOwn
            ? 'Confirm only what you asked for yourself. It lets this one call through, once, and nothing else.'
            : 'You answer for it with your name. It lets this one call through, once, and nothing else.'
        }
      </p>
      <dl class="columns">
        ${fact('Wants to', html`${page.what} <strong class="exact">${exactText(page.name)}</strong>`)}
        ${fact('Who asks', html`${page.principal}${isOwn ? ', which is you' : undefined}`)}
        ${fact('With', html`${page.credential}`)} ${fact('From', html`${page.from}`)}
        ${fact('Asked', timeOf(page.askedAt))} ${fact('Can be answered until', timeOf(page.endsBy))}
        ${fact('Asked by the rule', html`${page.rule}`)}
      </dl>
      <h2 id="arguments">Arguments</h2>
      <pre class="exact" aria-labelledby="arguments" dir="ltr">${exactArguments(page.args)}</pre>
      ${page.lacks === undefined ? undefined : lacking(page.lacks)}
      <form method="post" action="/auth/confirm">
        ${formTokenField(formToken)}
        <input type="hidden" name="id" value="${page.id}" />
        ${page.lacks === undefined ? letThrough(isOwn) : undefined}
        <button type="submit" name="decision" value="refuse" class="second">Refuse</button>
      </form>
      ${logOutForm(formToken)}
    `,
    'wide',
  )
}

function fact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function letThrough(isOwn: boolean): Html {
  return html`<button type="submit" name="decision" value="confirm">${isOwn ? 'Confirm' : 'Approve'}</button>`
}

function lacking(lacks: NonNullable<ConfirmationPage['lacks']>): Html {
  return lacks === 'factor'
    ? html`<p>
        To confirm it you need a second factor, and you have none yet.
        <a href="/enrol">Set one up</a>, then open the link again. That ends your other sessions: if one of
        them asked, log in there again and make the call again, for a new link.
      </p>`
    : html`<p>To confirm it, prove that it is you who sits here: you come back to this page.</p>
        <a class="button" href="${lacks.proof}">Prove that it is you</a>`
}
