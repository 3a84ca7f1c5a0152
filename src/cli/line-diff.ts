/** How many lines around a change are shown. */
const AROUND = 2

/**
 * What differs between two texts, as lines for people: `-` went, `+` came. One stretch, from the first line that differs
 * to the last; nothing for equal texts.
 */
export function lineDiff(before: string, after: string): readonly string[] {
  if (before === after) return []
  const [old, fresh] = [linesIn(before), linesIn(after)]
  const shorter = Math.min(old.length, fresh.length)
  let head = 0
  while (head < shorter && old[head] === fresh[head]) head++
  let tail = 0
  while (tail < shorter - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++
  const from = Math.max(0, head - AROUND)
  return [
    ...fresh.slice(from, head).map((line) => `  ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `- ${line}`),
    ...fresh.slice(head, fresh.length - tail).map((line) => `+ ${line}`),
    ...fresh.slice(fresh.length - tail, fresh.length - tail + AROUND).map((line) => `  ${line}`),
  ]
}

function linesIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
