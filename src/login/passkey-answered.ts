/** So many challenges are remembered of each passkey. */
const REMEMBERED = 8

/**
 * Whether a challenge has been answered before, as far as is known: it is remembered, or it ends no later than the
 * oldest of a full memory, from which it may have been dropped. No clock has a say in it.
 *
 * @param id as `challengeId` gives it
 * @param answered in the order of their ends
 */
export function wasAnswered(id: string, answered: readonly string[]): boolean {
  const [oldest] = answered
  if (answered.includes(id)) return true
  return answered.length >= REMEMBERED && oldest !== undefined && id <= oldest
}

/** What is remembered once a challenge is answered. */
export function afterAnswer(id: string, answered: readonly string[]): readonly string[] {
  return [...answered, id].toSorted().slice(-REMEMBERED)
}
