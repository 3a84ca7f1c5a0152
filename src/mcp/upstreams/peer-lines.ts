/** So many lines are told in a minute; then how many were not. */
const MOST = 20
const MINUTE = 60_000

/** Tells lines about what an upstream does wrong, a bounded number of them: it may do it very often. */
export function boundedLines(tell: (line: string) => void): (line: string) => void {
  let since = -MINUTE
  let told = 0
  let dropped = 0
  return (line) => {
    const now = performance.now()
    if (now - since >= MINUTE) {
      if (dropped > 0) tell(`${dropped} more lines like these were not told`)
      since = now
      told = 0
      dropped = 0
    }
    if (told++ < MOST) tell(line)
    else dropped++
  }
}
