import { stderr, stdout } from 'node:process'

/** Writes a line of result to standard output. */
export function print(line: string): void {
  stdout.write(`${line}\n`)
}

/** Writes a line for people to standard error: progress, warnings, faults. */
export function tell(line: string): void {
  stderr.write(`${line}\n`)
}

/** Writes a line for people in the place of the last one, where there is a terminal to do that on; else nothing. */
export function progress(line: string): void {
  if (stderr.isTTY) stderr.write(`\r\u001B[K${line}`)
}

/** Writes a value as JSON to standard output, for `--json`. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Rows as an aligned table with a heading; cells are padded to the widest of their column. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
