import type { SessionChanged } from '../audit/event.ts'
import { sealRecord, type PendingStep, type SessionRecord } from '../auth/session-record.ts'
import { digestOf, newSessionToken, slotOf } from '../auth/session-token.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordOrFail, sessionEvent } from './session-audit.ts'
import type { User } from './user.ts'

/** A login that lacks a step is good for so long, in ms. */
const PENDING_LIFE = 10 * 60_000

/** What a new session is made of. */
export interface Opening {
  readonly user: Pick<User, 'name' | 'epoch' | 'oneTimeUntil'>
  readonly pending: PendingStep | null
  readonly mfaAt: number | null
  readonly label: string
  /** Digest of the session that ends in the same step. */
  readonly replaces: string | undefined
  readonly reason: SessionChanged['reason']
  readonly caller: Caller
}

/** A session that is open and on record, with its token, which is nowhere else. */
export interface OpenedSession {
  readonly token: string
  readonly record: SessionRecord
}

/**
 * Opens a session. `undefined` if the store does not: the user is gone, disabled or of another epoch, or what it
 * replaces has ended.
 *
 * Fails closed: if it cannot be recorded it is ended again, and this rejects with `AUDIT_UNAVAILABLE`. Rejects with
 * `STORE_UNAVAILABLE`; the token is lost then, and with it whatever was opened.
 */
export async function openSession(
  opening: Opening,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const now = options.now()
  const token = newSessionToken(opening.user.name)
  const record = sealRecord(fieldsOf(digestOf(token), opening, options, now), options.keys.seal)
  const idleExpiresAt = Math.min(now + record.idleTimeout, record.expiresAt)
  if (!(await options.sessions.open(record, idleExpiresAt, opening.replaces, now))) return undefined
  try {
    await recordOrFail(sessionEvent('session.opened', opening.reason, record, opening.caller), options)
  } catch (error) {
    await options.sessions.end(record.digest, slotOf(record.user))
    throw error
  }
  return { token, record }
}

function fieldsOf(
  digest: string,
  { user, pending, mfaAt, label, caller }: Opening,
  { idleTimeout, absoluteTimeout }: LoginOptions,
  now: number,
): Omit<SessionRecord, 'mac'> {
  return {
    digest,
    user: user.name,
    epoch: user.epoch,
    createdAt: now,
    authenticatedAt: now,
    mfaAt,
    pending,
    idleTimeout: pending === null ? idleTimeout : PENDING_LIFE,
    expiresAt:
      pending === null ? now + absoluteTimeout : Math.min(now + PENDING_LIFE, user.oneTimeUntil ?? Infinity),
    label,
    address: caller.address,
    userAgent: caller.userAgent,
  }
}
