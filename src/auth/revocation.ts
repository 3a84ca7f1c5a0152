import { createHash, type X509Certificate } from 'node:crypto'
import type { AccountState } from './account-state.ts'
import type { Ended } from './ended.ts'

/** One certificate that is revoked. */
export interface RevokedCertificate {
  readonly kind: 'certificate'
  /** Lower-case hex SHA-256 of the issuing CA's public key (DER, SubjectPublicKeyInfo): a serial means something only beside it. */
  readonly issuer: string
  /** Upper-case hex, as `X509Certificate.serialNumber` of node:crypto prints it. */
  readonly serial: string
  /** When the certificate ends by itself, in ms since the epoch; afterwards the entry may be forgotten. */
  readonly until: number
}

/**
 * What ended before its time, as every node must come to know: a certificate, a session, all sessions of a user; and
 * which users are disabled.
 */
export type Revoked = RevokedCertificate | Ended | AccountState

/** What the store says about revocation since a reader last asked. */
export interface RevocationReading {
  /** Rises with every revocation and never falls. */
  readonly epoch: number
  /** Changes when the store may have lost something: a restart, a failover, another file. */
  readonly run: string
  /** Revoked after the epoch that was asked for. */
  readonly entries: readonly Revoked[]
}

/**
 * The live revocation list: what is revoked before the next CRL says so. Rejects with `STORE_UNAVAILABLE`.
 *
 * A revocation always goes through: no quota stands in its way.
 */
export interface RevocationStore {
  /** Resolves once it is kept (on Redis: by a replica too, where there is one) and announced. */
  revoke(entries: readonly Revoked[]): Promise<void>
  /** What was revoked after `epoch`; 0 for everything that is kept. */
  read(epoch: number): Promise<RevocationReading>
  /** Puts back what a store has lost, and raises its epoch above `epoch`, so that it never falls for a reader. */
  restore(entries: readonly Revoked[], epoch: number): Promise<void>
  /** Calls back when something was announced; a message may be lost, so readers also ask. Returns how to stop. */
  subscribe(announced: () => void): () => void
}

/** What one node knows of the live list. It is asked on every request, and costs a comparison. */
export interface LiveRevocations {
  /** Whether the list was read lately enough to be believed. */
  isFresh(): boolean
  /** @param name as {@link revocationName} gives it */
  isRevoked(name: string): boolean
  /** The least epoch of a session of this user that is still good; 0 unless all of its sessions have ended lately. */
  leastEpochOf(user: string): number
  /** Whether nobody may be this user, by whatever credential. @param user the name of a principal */
  isDisabled(user: string): boolean
}

/** For a server without a live list: what is revoked it learns from the revocation lists of its CAs alone. */
export const NO_LIVE_LIST: LiveRevocations = Object.freeze({
  isFresh: () => true,
  isRevoked: () => false,
  leastEpochOf: () => 0,
  isDisabled: () => false,
})

/** What names an entry of the live list; the rest says until when, or since when, it holds. */
type Named =
  | Pick<RevokedCertificate, 'kind' | 'issuer' | 'serial'>
  | Pick<Extract<Ended, { kind: 'session' }>, 'kind' | 'digest'>
  | Pick<Extract<Ended, { kind: 'user' }>, 'kind' | 'user'>
  | Pick<AccountState, 'kind' | 'user'>

/** What a certificate, a session, a user or an account is called in the live list; no two of them alike. */
export function revocationName(named: Named): string {
  switch (named.kind) {
    case 'certificate':
      return `${named.issuer}:${named.serial}`
    case 'session':
      return `session:${named.digest}`
    case 'user':
      return `user:${named.user}`
    case 'account':
      return `account:${named.user}`
  }
}

/**
 * What two entries of one name say together: that of the higher epoch where they have one, and the later end. It is
 * `one` itself if the other adds nothing.
 *
 * Fails closed: of two states of an account under one epoch, that it is disabled.
 */
export function strongerRevocation<Entry extends Revoked>(one: Entry, other: Entry): Entry {
  const stronger = isStronger(other, one) ? other : one
  const until = Math.max(one.until, other.until)
  return stronger.until === until ? stronger : { ...stronger, until }
}

function isStronger(one: Revoked, other: Revoked): boolean {
  if (!('epoch' in one && 'epoch' in other)) return false
  if (one.epoch !== other.epoch) return one.epoch > other.epoch
  return one.kind === 'account' && other.kind === 'account' && one.disabled && !other.disabled
}

/** Lower-case hex SHA-256 of a certificate's public key (DER, SubjectPublicKeyInfo). */
export function keyDigestOf({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}
