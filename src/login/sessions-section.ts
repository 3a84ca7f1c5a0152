import type { AccountSection } from './account-section.ts'
import { APPROVED_ELSEWHERE } from './fresh.ts'
import { methodWords } from './method-words.ts'
import { sessionsSection } from './pages/sessions-section.ts'
import { sessionId } from './session-id.ts'
import { sessionsOf } from './sessions-of.ts'
import { deviceWords } from './device-words.ts'

/** What holds a session, by its label. */
const HOLDERS: ReadonlyMap<string, string> = new Map([
  ['browser', 'a browser'],
  ['token', 'a program'],
  [APPROVED_ELSEWHERE, 'a terminal that was approved in a browser'],
])

/** The section of the account page with one's own sessions. */
export const ownSessions: AccountSection = async ({ visitor, formToken }, options) => {
  const { user, digest } = visitor.live.record
  const all = await sessionsOf(user, options)
  const sessions = all.map(({ record, lastSeenAt }) => ({
    id: sessionId(record.digest),
    device: deviceWords(record.userAgent),
    holder: HOLDERS.get(record.label) ?? record.label,
    address: record.address,
    proved: methodWords(record.authenticationMethods),
    isPending: record.pending !== null,
    createdAt: record.createdAt,
    lastSeenAt,
    expiresAt: record.expiresAt,
    isCurrent: record.digest === digest,
  }))
  return sessionsSection({ formToken, sessions })
}
