import type { SQLOutputValue } from 'node:sqlite'

/** One row, as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>

/** The text in a column. Throws a TypeError for anything else. */
export function textIn(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(`the column ${column} holds no text`)
  return value
}

/** The number in a column. Throws a TypeError for anything else. */
export function numberIn(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new TypeError(`the column ${column} holds no number`)
  return value
}

/** The number in a column, or null. Throws a TypeError for anything else. */
export function numberOrNullIn(row: Row, column: string): number | null {
  return row[column] === null ? null : numberIn(row, column)
}
