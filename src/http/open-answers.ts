import type { AuthContext } from '../auth/context.ts'

/** An answer that is not complete yet: whose it is, and how its caller is judged anew. */
export interface OpenAnswer {
  readonly context: AuthContext
  judge(): void
}

/** The answers that are not complete yet. */
export interface OpenAnswers {
  /** Returns how to leave, when the answer is complete or given up. */
  add(answer: OpenAnswer): () => void
  /** Judges the callers of all those anew, at once, that `isConcerned` names; nobody else notices. */
  judge(isConcerned: (context: AuthContext) => boolean): void
  /** Whoever had this context was judged, and its credential admits nobody any more. */
  readonly ended: (context: AuthContext) => void
}

/**
 * The open answers of one server.
 *
 * @param ended told of each caller that was judged and refused
 */
export function openAnswers(ended: OpenAnswers['ended']): OpenAnswers {
  const answers = new Set<OpenAnswer>()
  return {
    ended,
    add(answer) {
      answers.add(answer)
      return () => void answers.delete(answer)
    },
    judge(isConcerned) {
      for (const answer of answers) if (isConcerned(answer.context)) answer.judge()
    },
  }
}
