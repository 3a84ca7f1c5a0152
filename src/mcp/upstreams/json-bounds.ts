/** How large a value may be. */
export interface JsonBounds {
  /** Of its JSON, about: characters are counted in UTF-8, escapes are not. */
  readonly bytes: number
  /** Objects and lists within each other. */
  readonly depth: number
}

/**
 * Whether a value is JSON within bounds. It is looked at no further than that, so that a large one costs no more than a
 * small one.
 *
 * Fails closed: a number that JSON cannot hold, a key `__proto__` and what is no JSON are never within.
 */
export function isWithin(value: unknown, { bytes, depth }: JsonBounds): boolean {
  return bytesLeft(value, bytes, depth) >= 0
}

/** What is left of `budget` after the value; negative if it does not fit. */
function bytesLeft(value: unknown, budget: number, depth: number): number {
  if (budget < 0) return budget
  if (typeof value === 'string') return budget - bytesOf(value, budget)
  if (typeof value === 'boolean' || value === null) return budget - 5
  if (typeof value === 'number') return Number.isFinite(value) ? budget - 8 : -1
  if (typeof value !== 'object' || depth === 0) return -1
  let left = budget - 2
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__') return -1
    left = bytesLeft(member, left - (Array.isArray(value) ? 1 : bytesOf(key, left) + 2), depth - 1)
    if (left < 0) return left
  }
  return left
}

function bytesOf(text: string, budget: number): number {
  // The length alone is known for nothing.
  return text.length > budget ? text.length : Buffer.byteLength(text) + 2
}
