import type { Matrix } from './access-matrix.ts'

/** The matrix as JSON: one entry for each answer. */
export function matrixJson({ policy, at, subjects, things, cells }: Matrix): string {
  const answers = things.flatMap(({ kind, name, permission }, row) =>
    subjects.map((subject, column) => ({
      principal: subject.name,
      kind,
      name,
      permission,
      ...cells[row]?.[column],
    })),
  )
  return JSON.stringify({ policy, at: new Date(at).toISOString(), answers }, null, 2)
}
