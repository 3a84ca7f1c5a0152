/** What is shorter may be part of any word. */
const SHORTEST_VALUE = 8

/**
 * Tells values by their names where they stand in a text.
 *
 * @param values names and values; those of fewer than 8 characters stay
 */
export function hidesValues(
  values: readonly (readonly [name: string, value: string])[],
): (text: string) => string {
  // The longest first: one may hold another.
  const hidden = values
    .filter(([, value]) => value.length >= SHORTEST_VALUE)
    .toSorted(([, a], [, b]) => b.length - a.length)
  return (text) => hidden.reduce((shown, [name, value]) => shown.replaceAll(value, `[${name}]`), text)
}
