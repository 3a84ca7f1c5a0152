import type { Matrix } from './access-matrix.ts'

/**
 * The matrix as CSV (RFC 4180), one line for each answer. Spreadsheets run what begins like a formula: such a cell gets
 * an apostrophe before it, which makes it text (OWASP, CSV Injection).
 */
export function matrixCsv({ subjects, things, cells, policy }: Matrix): string {
  const rows = things.flatMap(({ kind, name, permission }, row) =>
    subjects.map((subject, column) => {
      const cell = cells[row]?.[column]
      return [
        subject.name,
        kind,
        name,
        permission,
        cell?.answer ?? '',
        cell?.rule ?? '',
        cell?.because ?? '',
        policy.digest,
      ]
    }),
  )
  const heading = ['principal', 'kind', 'name', 'permission', 'answer', 'rule', 'because', 'policy']
  return [heading, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n')
}

/** One cell: always in quotes, never a formula. */
export function csvCell(text: string): string {
  const safe = /^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}
