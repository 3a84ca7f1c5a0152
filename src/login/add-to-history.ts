import type { HistoryEvent } from './history.ts'
import type { Caller, LoginOptions } from './options.ts'

/**
 * Tells the owner of an account what happened to it. Nothing waits for that to succeed: an account whose history cannot
 * be written works as before, and the operator is told.
 */
export async function addToHistory(
  user: string,
  event: HistoryEvent,
  { requestId, address, userAgent }: Caller,
  { histories, now, onException }: Pick<LoginOptions, 'histories' | 'now' | 'onException'>,
): Promise<void> {
  await histories
    .add(user, { at: now(), event, address, userAgent })
    .catch((error: unknown) => onException(requestId, error))
}
