/** More letters than these apart, and the suggestion would be a guess. */
const FARTHEST = 3

/** The word of `known` that `word` most likely was meant to be, or `undefined`. Case does not matter. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance: far }) => far <= Math.min(FARTHEST, candidate.length / 2))
    .toSorted((a, b) => a.distance - b.distance)
  return near[0]?.candidate
}

/** All of `known`, those first that are most like `word`: it is in them, or they in it, or few letters are others. */
export function nearestFirst(word: string, known: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase()
  return known
    .map((candidate) => {
      const like = candidate.toLowerCase()
      const isPart = wanted !== '' && (like.includes(wanted) || wanted.includes(like))
      return { candidate, isPart, distance: distance(wanted, like) }
    })
    .toSorted((a, b) => Number(b.isPart) - Number(a.isPart) || a.distance - b.distance)
    .map(({ candidate }) => candidate)
}

/** Levenshtein distance, of the first 64 characters. */
function distance(left: string, right: string): number {
  const a = left.slice(0, 64)
  const b = right.slice(0, 64)
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
  }
  return row.at(-1) ?? 0
}
