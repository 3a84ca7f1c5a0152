/** Fewer characters than this are in too many good passwords to mean anything. */
const LEAST = 3

/**
 * The words that whoever guesses tries first here (ASVS 5.0, 6.1.2): the product, the user, the hosts; each whole and in
 * its parts.
 */
export function contextWords(user: string, others: readonly string[]): readonly string[] {
  const whole = ['sallyport', user, ...others].map((word) => word.toLowerCase())
  const parts = whole.flatMap((word) => word.split(/[^a-z]+/))
  return [...new Set([...whole, ...parts])].filter((word) => word.length >= LEAST)
}
