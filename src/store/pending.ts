import type { PendingStep } from '../auth/session-record.ts'

/**
 * The pending step that a store holds as text.
 *
 * Fails closed: a step that this version does not know is `undefined`, and its session is not live; it is never taken
 * for a complete one.
 */
export function pendingOf(stored: string | null): PendingStep | null | undefined {
  return stored === null || stored === 'change_password' ? stored : undefined
}
