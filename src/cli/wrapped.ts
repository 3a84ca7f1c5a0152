/**
 * Breaks each line of a text between words, so that none is longer than `width` if its words allow it. The blank at a
 * break is not shown; more of them are kept.
 */
export function wrapped(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => broken(line, width))
}

function broken(line: string, width: number): readonly string[] {
  const lines: string[] = []
  let rest = line
  while (rest.length > width) {
    const before = rest.lastIndexOf(' ', width)
    const at = before > 0 ? before : rest.indexOf(' ', width)
    if (at < 0) break
    lines.push(rest.slice(0, at))
    rest = rest.slice(at + 1)
  }
  return [...lines, rest]
}
