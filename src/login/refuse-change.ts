import type { FactorRefusal } from './change-factors.ts'
import { factorProblem } from './factor-problem.ts'
import { reauthenticationFor, type Place } from './place.ts'
import type { Posted } from './posted.ts'
import type { Problem } from './problem.ts'
import { redirect, type Reply } from './reply.ts'

/**
 * What a route answers whose change of factors was refused. Whoever has to prove again who he is, is led there from a
 * form, and on to `place` afterwards.
 *
 * @param words for the refusal, where they are not the usual ones
 */
export function refuseChange(
  reason: FactorRefusal,
  { isForm, refuse }: Pick<Posted<object>, 'isForm' | 'refuse'>,
  place: Place,
  words: (reason: FactorRefusal) => Problem = factorProblem,
): Promise<Reply> | Reply {
  return reason === 'reauthentication_required' && isForm
    ? redirect(reauthenticationFor(place))
    : refuse(words(reason))
}
