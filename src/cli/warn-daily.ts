/** How often a warning is said again, in ms. */
const DAY = 86_400_000

/**
 * Says warnings, each at once and then once a day for as long as it is given.
 *
 * @param say says one
 */
export function warnDaily(
  say: (message: string) => void,
): (messages: readonly string[], now: number) => void {
  const saidAt = new Map<string, number>()
  return (messages, now) => {
    for (const message of messages) {
      if (now - (saidAt.get(message) ?? -Infinity) < DAY) continue
      saidAt.set(message, now)
      say(message)
    }
  }
}
