import type { LoginOptions } from './options.ts'

/**
 * Tells every node that sessions of a user below an epoch have ended. Rejects with `STORE_UNAVAILABLE`; they have ended
 * all the same, and only streams that are open may last for a while.
 */
export async function announceUser(
  user: string,
  epoch: number,
  { announce, now, absoluteTimeout }: Pick<LoginOptions, 'announce' | 'now' | 'absoluteTimeout'>,
): Promise<void> {
  await announce([{ kind: 'user', user, epoch, until: now() + absoluteTimeout }])
}
