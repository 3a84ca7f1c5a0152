/** The first line of a text that may be pages long, with a sign that there is more. */
export function firstLine(text: string): string {
  const [first = '', ...more] = text.trim().split('\n')
  return more.length === 0 ? first : `${first.trimEnd()} …`
}
