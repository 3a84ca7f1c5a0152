import type { Notice } from './browser.ts'

/** What a notice says. */
export const noticeWords: Readonly<Record<Notice, string>> = {
  password_changed: 'Your password is changed. Your other sessions have ended.',
  session_ended: 'The session has ended.',
  other_sessions_ended: 'Your other sessions have ended.',
}
