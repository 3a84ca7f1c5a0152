/** The answers that are not complete yet, each with how its caller is judged anew. */
export interface OpenAnswers {
  /** Returns how to leave, when the answer is complete or given up. */
  add(judge: () => void): () => void
  /** Judges the callers of all of them, at once. */
  judgeAll(): void
}

/** The open answers of one server. A caller that comes itself loses its connection anyway; one behind a proxy has none. */
export function openAnswers(): OpenAnswers {
  const judges = new Set<() => void>()
  return {
    add(judge) {
      judges.add(judge)
      return () => void judges.delete(judge)
    },
    judgeAll() {
      for (const judge of judges) judge()
    },
  }
}
