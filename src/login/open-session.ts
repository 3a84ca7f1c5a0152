import type { SessionChanged } from '../audit/event.ts'
import {
  sealRecord,
  type AuthenticationMethod,
  type PendingStep,
  type SessionRecord,
} from '../auth/session-record.ts'
import { bindingOf } from '../auth/session-binding.ts'
import { digestOf, newSessionToken, slotOf } from '../auth/session-token.ts'
import { addToHistory } from './add-to-history.ts'
import { announceDisplaced, recordDisplaced } from './displaced.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, recordOrFail, refusedLogin, sessionOpened } from './session-audit.ts'
import type { User } from './user.ts'

/** A login that lacks a step is good for so long, in ms. */
const PENDING_LIFE = 5 * 60_000

/** At most so many at once, per user: whoever knows his password cannot fill the store with them. */
const MOST_PENDING = 5

/** What a new session is made of. */
export interface Opening {
  readonly user: Pick<User, 'name' | 'epoch'>
  readonly pending: PendingStep | null
  readonly authenticationMethods: readonly AuthenticationMethod[]
  /** The earliest proof that it rests on, in ms since the epoch; now unless given. */
  readonly authenticatedAt?: number
  /** Its absolute end, where that is sooner than the usual one. */
  readonly endsBy?: number | undefined
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
 * replaces has ended; and if it must be bound to something that the caller does not have.
 *
 * Fails closed: if it cannot be recorded it is ended again, and this rejects with `AUDIT_UNAVAILABLE`. Rejects with
 * `STORE_UNAVAILABLE`; the token is lost then, and with it whatever was opened.
 */
export async function openSession(
  opening: Opening,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const now = options.now()
  const binding = bindingOf({ certificateKey: undefined, ...opening.caller }, options.binding)
  if (binding === undefined) {
    await recordIfPossible(refusedLogin(opening.caller, 'session_bound_elsewhere'), options)
    return undefined
  }
  const token = newSessionToken(opening.user.name)
  const fields = { ...fieldsOf(digestOf(token), opening, options, now), binding }
  const record = sealRecord(fields, options.keys.seal)
  const idleExpiresAt = Math.min(now + record.idleTimeout, record.expiresAt)
  const most = record.pending === null ? options.most : MOST_PENDING
  // Who has an old session cannot end the others by approving one terminal after the other (ASVS 5.0, 7.5.2).
  const mayDisplace = opening.reason !== 'device'
  const ended = await options.sessions.open(record, idleExpiresAt, opening.replaces, now, most, mayDisplace)
  if (ended === undefined) return undefined
  await announceDisplaced(ended, options)
  try {
    await recordOrFail(sessionOpened(opening.reason, record, opening.caller), options)
  } catch (error) {
    await options.sessions.end(record.digest, slotOf(record.user))
    throw error
  }
  const oldest = ended.filter(({ digest }) => digest !== opening.replaces)
  await recordDisplaced(record, oldest, opening.caller, options)
  if (record.pending === null && opening.reason === 'login')
    await addToHistory(record.user, 'login', opening.caller, options)
  return { token, record }
}

function fieldsOf(
  digest: string,
  opening: Opening,
  { idleTimeout, absoluteTimeout }: LoginOptions,
  now: number,
): Omit<SessionRecord, 'mac' | 'binding'> {
  const { user, pending, mfaAt, authenticationMethods, label, caller } = opening
  const life = pending === null ? absoluteTimeout : PENDING_LIFE
  return {
    digest,
    user: user.name,
    epoch: user.epoch,
    createdAt: now,
    authenticatedAt: opening.authenticatedAt ?? now,
    mfaAt,
    authenticationMethods,
    pending,
    idleTimeout: pending === null ? idleTimeout : PENDING_LIFE,
    expiresAt: Math.min(now + life, opening.endsBy ?? Infinity),
    label,
    address: caller.address,
    userAgent: caller.userAgent,
  }
}
