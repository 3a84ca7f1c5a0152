import type { DefinitionsApproved } from '../audit/event.ts'
import { SallyportError } from '../errors.ts'
import type { LockParts } from './lock-parts.ts'

/** One line of the trail has as many. */
const MOST_OF_EVENT = 50

/**
 * Asks whoever sits there, unless that was answered before.
 *
 * @throws SallyportError `REFUSED` without a yes
 */
export async function consent(
  question: string,
  isGiven: boolean,
  { confirm }: Pick<LockParts, 'confirm'>,
): Promise<void> {
  if (isGiven) return
  const answer = await confirm(question)
  if (answer === undefined)
    throw new SallyportError(
      'REFUSED',
      'there is no terminal to ask on: look at what is shown, then say --yes',
    )
  if (!answer) throw new SallyportError('REFUSED', 'broken off: nothing was written')
}

/** What is put on record of definitions of one upstream; at least one line. */
export function approvedEvents(
  upstream: string,
  definitions: DefinitionsApproved['definitions'],
  by: string,
): readonly DefinitionsApproved[] {
  const count = Math.max(1, Math.ceil(definitions.length / MOST_OF_EVENT))
  return Array.from({ length: count }, (_, at) => ({
    event: 'definitions.approved',
    by,
    upstream,
    definitions: definitions.slice(at * MOST_OF_EVENT, (at + 1) * MOST_OF_EVENT),
  }))
}
