import type { Notice } from './browser.ts'
import { rememberDevice } from './known-device.ts'
import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import type { Visit } from './visit.ts'

/**
 * Gives a browser the session that was opened for it. From a complete one on it is a known device.
 *
 * @param notice what the next page tells
 */
export async function holdSession(
  visit: Visit,
  { token, record }: OpenedSession,
  options: LoginOptions,
  notice?: Notice,
): Promise<void> {
  await visit.browser.hold(token, notice)
  rememberDevice(visit, record, options)
}
