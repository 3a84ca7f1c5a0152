import type { Matrix } from './access-matrix.ts'
import { table } from './print.ts'
import { visible } from './visible.ts'

/**
 * The matrix as tables for a terminal: as many principals beside each other as fit, the others below.
 *
 * @param width in characters
 */
export function matrixTable(matrix: Matrix, width: number): string {
  const { subjects, policy, at } = matrix
  const tables: string[] = []
  for (let from = 0; from < subjects.length;) {
    const count = fitting(matrix, from, width)
    tables.push(part(matrix, from, from + count))
    from += count
  }
  return [`${policy.file} ${policy.digest}, ${new Date(at).toISOString()}`, ...tables].join('\n\n')
}

/** How many principals fit beside each other; one at least. */
function fitting(matrix: Matrix, from: number, width: number): number {
  const left = matrix.subjects.length - from
  for (let count = left; count > 1; count--) {
    const [heading = ''] = part(matrix, from, from + count).split('\n')
    if (heading.length <= width) return count
  }
  return 1
}

function part({ subjects, things, cells }: Matrix, from: number, to: number): string {
  const names = subjects.slice(from, to).map(({ name }) => visible(name))
  const rows = things.map(({ name }, row) => [
    visible(name),
    ...(cells[row] ?? []).slice(from, to).map(({ answer }) => (answer === 'no' ? '-' : answer)),
  ])
  return table(['', ...names], rows)
}
