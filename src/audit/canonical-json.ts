/** Deeper than the strict parser of requests lets anything be. */
const DEEPEST = 100

/**
 * The one way to write a JSON value: keys sorted by UTF-16 code units, no white space, numbers and texts as
 * `JSON.stringify` has them (RFC 8785). Beyond the RFC, so that what a request can hold is never refused and two values
 * never look the same: a lone surrogate is written as its escape, and a number too large for a double as `1e999`.
 *
 * @throws RangeError for what is nested more than 100 deep, TypeError for what is no JSON value
 */
export function canonicalJson(value: unknown): string {
  return written(value, 0)
}

function written(value: unknown, depth: number): string {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value)
  if (typeof value === 'number') return numeral(value)
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} is no JSON value`)
  if (depth === DEEPEST) throw new RangeError(`a value is nested more than ${DEEPEST} deep`)
  return Array.isArray(value) ? list(value, depth + 1) : map(value, depth + 1)
}

function numeral(value: number): string {
  if (Number.isNaN(value)) throw new TypeError('NaN is no JSON value')
  if (Number.isFinite(value)) return JSON.stringify(value)
  return value > 0 ? '1e999' : '-1e999'
}

function list(items: readonly unknown[], depth: number): string {
  return `[${items.map((item) => written(item, depth)).join(',')}]`
}

/** What is undefined counts as not there, as for `JSON.stringify`. */
function map(value: object, depth: number): string {
  const entries: [string, unknown][] = Object.entries(value)
  const kept = entries.filter(([, inner]) => inner !== undefined)
  // Of two keys of one object neither equals the other.
  kept.sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${kept.map(([key, inner]) => `${JSON.stringify(key)}:${written(inner, depth)}`).join(',')}}`
}
