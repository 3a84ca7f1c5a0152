/** The latest time that a `Date` can say, in ms (ECMA-262, 21.4.1.1). */
const LATEST = 8_640_000_000_000_000

/** Whether it is a whole number that can be a time in ms. Whoever writes to the store by hand may have written any. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) <= LATEST
}
