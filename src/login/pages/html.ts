const MARKUP: unique symbol = Symbol('markup')

/** Markup that was written here or escaped. Only {@link html} makes it; a string never becomes it. */
export interface Html {
  readonly [MARKUP]: string
}

/** What may stand between two pieces of a template; `undefined` is nothing. */
export type HtmlValue = string | number | Html | readonly Html[] | undefined

/**
 * Makes markup of a template. Whatever is inserted is escaped, so that it is text in an element and in a quoted
 * attribute; only other markup is inserted as it is.
 */
export function html(pieces: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const text = pieces.map((piece, at) => piece + rendered(values[at])).join('')
  return { [MARKUP]: text }
}

/** The text of markup, to be sent. */
export function markupOf(markup: Html): string {
  return markup[MARKUP]
}

function rendered(value: HtmlValue): string {
  if (value === undefined) return ''
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  return MARKUP in value ? value[MARKUP] : value.map(markupOf).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
