/** Before these, `socket.authorized` is true for a caller without a certificate on a resumed TLS 1.3 connection. */
const LEAST_24 = [24, 21, 0]
const LEAST = [26, 8, 1]

/**
 * Why this Node may not serve, or `undefined` if it may: >= 24.21 < 25, or >= 26.8.1.
 *
 * Fails closed: a version that cannot be read, or a preview of the first good one, may not.
 *
 * @param version as `process.version` has it
 */
export function nodeVersionFault(version: string): string | undefined {
  const numbers = /^v?([0-9]+)\.([0-9]+)\.([0-9]+)$/.exec(version)?.slice(1).map(Number)
  if (numbers !== undefined && isAtLeast(numbers, numbers[0] === 24 ? LEAST_24 : LEAST)) return undefined
  return (
    `Node ${version} takes a resumed connection without a certificate for a proven one: ` +
    'use Node 24.21 or newer of 24, or 26.8.1 or newer'
  )
}

function isAtLeast(numbers: readonly number[], least: readonly number[]): boolean {
  const position = numbers.findIndex((number, index) => number !== least[index])
  return position === -1 || (numbers[position] ?? 0) > (least[position] ?? 0)
}
