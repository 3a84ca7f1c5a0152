import type { PendingStep } from '../auth/session-record.ts'
import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { isoTime, userView, type UserView } from './session-view.ts'

/** What a login answers: a session, or the step that it lacks. The token is there only for who does not use cookies. */
export type LoggedIn =
  | { readonly next: null; readonly user: UserView; readonly expiresAt: string; readonly token?: string }
  | { readonly next: PendingStep; readonly pending?: string }

/** @param showToken whether the caller holds the token itself */
export function loggedIn(
  { token, record }: OpenedSession,
  showToken: boolean,
  { rightsOf }: LoginOptions,
): LoggedIn {
  if (record.pending !== null) return { next: record.pending, ...(showToken ? { pending: token } : {}) }
  const user = userView(record.user, rightsOf, record)
  return { next: null, user, expiresAt: isoTime(record.expiresAt), ...(showToken ? { token } : {}) }
}
