import { html, type Html } from './html.ts'
import { formTokenField } from './layout.ts'
import { timeOf } from './time.ts'

/** What the section shows. */
export interface SecretsSection {
  readonly formToken: string
  /** Whether who looks has just proved who he is; else he is led to do so first. */
  readonly mayChange: boolean
  readonly secrets: readonly ShownSecret[]
}

/** A key, as its owner sees it; the value is nowhere. */
export interface ShownSecret {
  readonly upstream: string
  readonly name: string
  /** The address that gets it; null for a program on the server. */
  readonly goesTo: string | null
  /** In ms since the epoch; null for none. */
  readonly setAt: number | null
  /** Whether it is used. */
  readonly isGood: boolean
  /** Whether an upstream asks for it still. */
  readonly isAsked: boolean
}

/** The keys that somebody keeps for upstream servers, and how to set and remove them. */
export function secretsSection({ formToken, mayChange, secrets }: SecretsSection): Html {
  return html`
    <section aria-labelledby="upstream-keys">
      <h2 id="upstream-keys">Keys for upstream servers</h2>
      <p>
        Some servers behind this one want a key of your own. It is kept sealed, sent to that server alone when
        you use it, and never shown again.
      </p>
      ${mayChange ? undefined : PROVE_FIRST}
      <ul class="items">
        ${secrets.map((secret) => item(secret, mayChange ? formToken : undefined))}
      </ul>
    </section>
  `
}

const PROVE_FIRST = html`<p>
  <a href="/reauthenticate?account">Prove that it is you</a> to set or remove one.
</p>`

function item(secret: ShownSecret, formToken: string | undefined): Html {
  const { upstream, name, goesTo, setAt, isAsked } = secret
  return html`
    <li>
      <h3>${upstream}: ${name}</h3>
      <dl class="facts">
        ${isAsked ? goesToFact(goesTo) : undefined}
        <dt>Set</dt>
        <dd>
          ${setAt === null ? 'not yet' : timeOf(setAt)}${isAsked ? '' : ', and nothing asks for it any more'}
        </dd>
      </dl>
      ${isAsked && setAt !== null && !secret.isGood ? NOT_USED : undefined}
      ${formToken === undefined || setAt === null ? undefined : removeForm(secret, formToken)}
      ${formToken === undefined || !isAsked ? undefined : setForm(secret, formToken)}
    </li>
  `
}

const NOT_USED = html`<p class="hint">It is not used: the server is at another address now. Set it again.</p>`

function goesToFact(goesTo: string | null): Html {
  return html`
    <dt>Sent to</dt>
    <dd>${goesTo ?? 'a program on the server'}</dd>
  `
}

function setForm({ upstream, name, setAt }: ShownSecret, formToken: string): Html {
  const id = `key-${upstream}-${name}`
  return html`
    <form method="post" action="/auth/secret" class="below">
      ${formTokenField(formToken)} ${namedFields(upstream, name)}
      <label for="${id}">${setAt === null ? 'Your key' : 'Another key in its place'}</label>
      <input
        id="${id}"
        name="value"
        type="password"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        maxlength="8192"
        required
      />
      <button type="submit" class="quiet" aria-label="Save the key ${name} for ${upstream}">Save</button>
    </form>
  `
}

function removeForm({ upstream, name }: ShownSecret, formToken: string): Html {
  return html`
    <form method="post" action="/auth/remove/secret">
      ${formTokenField(formToken)} ${namedFields(upstream, name)}
      <button type="submit" class="quiet" aria-label="Remove the key ${name} for ${upstream}">Remove</button>
    </form>
  `
}

function namedFields(upstream: string, name: string): Html {
  return html`
    <input type="hidden" name="upstream" value="${upstream}" />
    <input type="hidden" name="name" value="${name}" />
  `
}
