import { addToHistory } from './add-to-history.ts'
import type { Caller, LoginOptions } from './options.ts'

/** In ms. Whoever fails again and again does not fill the history, which keeps only the latest entries. */
const AT_MOST_ONCE_IN = 10 * 60_000

/**
 * Tells the owner of an account that somebody who has its password failed to give the second factor (ASVS 5.0, 6.3.5).
 * As {@link addToHistory}, nothing waits for it to succeed.
 */
export async function tellOfFailedLogin(user: string, caller: Caller, options: LoginOptions): Promise<void> {
  const { histories, now, onException } = options
  const entries = await histories.list(user).catch((error: unknown) => {
    onException(caller.requestId, error)
    return []
  })
  const last = entries.find(({ event }) => event === 'login_failed')
  if (last !== undefined && Math.abs(now() - last.at) < AT_MOST_ONCE_IN) return
  await addToHistory(user, 'login_failed', caller, options)
}
