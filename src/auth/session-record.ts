import { isMacOf, macOf, type MacParts, type SealingKeys } from './mac.ts'

/** What a pending login still has to do; a record with one admits only that step. */
export type PendingStep = 'second_factor' | 'change_password' | 'enrol'

/** What a person proved himself by (compare RFC 8176). */
export type AuthenticationMethod = 'password' | 'totp' | 'recovery_code' | 'passkey'

/**
 * The credential behind a session token. Stored under the SHA-256 of the token; the token itself is
 * never stored. All times in ms since the epoch.
 */
export interface SessionRecord {
  /** Hex SHA-256 of the token: the key it is stored under. */
  readonly digest: string
  /** The name of the user; the principal is `user:<name>`. */
  readonly user: string
  /** The user's epoch when the session was opened; a record of another epoch is dead. */
  readonly epoch: number
  readonly createdAt: number
  readonly authenticatedAt: number
  /** When a second factor was proved; null means never in this session. */
  readonly mfaAt: number | null
  /** What was proved in this session, each once, in order. */
  readonly authenticationMethods: readonly AuthenticationMethod[]
  /** What a caller must have for this record to be of use to it (`auth/session-binding.ts`); null for nothing more. */
  readonly binding: string | null
  /** The step that is still missing, or null for a complete session. */
  readonly pending: PendingStep | null
  /** Idle time in ms by which each use slides `idleExpiresAt`, capped by `expiresAt`. */
  readonly idleTimeout: number
  /** Absolute end. */
  readonly expiresAt: number
  readonly label: string
  readonly address: string
  readonly userAgent: string
  /** MAC over all of the above, see {@link sealRecord}. */
  readonly mac: string
}

/** A record as the store last slid it. */
export interface LiveSession {
  readonly record: SessionRecord
  readonly idleExpiresAt: number
  readonly lastSeenAt: number
}

/**
 * The port that the session authenticator asks. One atomic step: finds the record of `digest`, checks that it has
 * not ended (idle or absolute), that its user exists, is not disabled and has the record's epoch, and slides it.
 *
 * Fails closed: `undefined` for anything that is not a live session; rejects with `STORE_UNAVAILABLE` when the store
 * cannot answer. Never creates what is gone.
 *
 * `slot` is the slot tag of the token (see `session-token.ts`), so that one script works on Redis Cluster.
 */
export interface SessionRecords {
  validate(digest: string, slot: string, now: number, use?: SessionUse): Promise<LiveSession | undefined>
}

/** A use slides the idle end. A look does not: a stream that is only open is not used. */
export type SessionUse = 'use' | 'look'

/** Seals what a record says, so that whoever can write to the store still cannot mint a session. */
export function sealRecord(fields: Omit<SessionRecord, 'mac'>, keys: SealingKeys): SessionRecord {
  return Object.freeze({ ...fields, mac: macOf(partsOf(fields), keys[0]).toString('base64url') })
}

/** Whether the record was sealed by one of `keys`. Constant time; fails closed on a MAC of another length. */
export function isSealed(record: SessionRecord, keys: SealingKeys): boolean {
  return isMacOf(Buffer.from(record.mac, 'base64url'), partsOf(record), keys)
}

function partsOf(fields: Omit<SessionRecord, 'mac'>): MacParts {
  return [
    'sallyport-session-v2',
    fields.digest,
    fields.user,
    fields.epoch,
    fields.createdAt,
    fields.authenticatedAt,
    fields.mfaAt,
    fields.authenticationMethods,
    fields.binding,
    fields.pending,
    fields.idleTimeout,
    fields.expiresAt,
    fields.label,
    fields.address,
    fields.userAgent,
  ]
}
