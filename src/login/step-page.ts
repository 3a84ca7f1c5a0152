import type { PendingStep } from '../auth/session-record.ts'
import type { RedirectTarget } from './reply.ts'

const PAGES: Readonly<Record<PendingStep, RedirectTarget>> = {
  second_factor: '/second-factor',
  change_password: '/password',
  enrol: '/enrol',
}

/** The page of the step that a session lacks; the account page for one that lacks nothing. */
export function pageOf(pending: PendingStep | null): RedirectTarget {
  return pending === null ? '/account' : PAGES[pending]
}
