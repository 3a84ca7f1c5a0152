import { createHash, type X509Certificate } from 'node:crypto'

/** One certificate that is revoked, as every node must come to know. */
export interface RevokedCertificate {
  /** Lower-case hex SHA-256 of the issuing CA's public key (DER, SubjectPublicKeyInfo): a serial means something only beside it. */
  readonly issuer: string
  /** Upper-case hex, as `X509Certificate.serialNumber` of node:crypto prints it. */
  readonly serial: string
  /** When the certificate ends by itself, in ms since the epoch; afterwards the entry may be forgotten. */
  readonly until: number
}

/** What the store says about revocation since a reader last asked. */
export interface RevocationReading {
  /** Rises with every revocation and never falls. */
  readonly epoch: number
  /** Changes when the store may have lost something: a restart, a failover, another file. */
  readonly run: string
  /** Revoked after the epoch that was asked for. */
  readonly entries: readonly RevokedCertificate[]
}

/**
 * The live revocation list: what is revoked before the next CRL says so. Rejects with `STORE_UNAVAILABLE`.
 *
 * A revocation always goes through: no quota stands in its way.
 */
export interface RevocationStore {
  /** Resolves once it is kept (on Redis: by a replica too, where there is one) and announced. */
  revoke(certificates: readonly RevokedCertificate[]): Promise<void>
  /** What was revoked after `epoch`; 0 for everything that is kept. */
  read(epoch: number): Promise<RevocationReading>
  /**
   * Puts back what a store has lost, and raises its epoch above `epoch`, so that it never falls for a reader.
   */
  restore(certificates: readonly RevokedCertificate[], epoch: number): Promise<void>
  /** Calls back when something was announced; a message may be lost, so readers also ask. Returns how to stop. */
  subscribe(announced: () => void): () => void
}

/** What one node knows of the live list. Both are asked on every request, and cost a comparison. */
export interface LiveRevocations {
  /** Whether the list was read lately enough to be believed. */
  isFresh(): boolean
  /** @param name as {@link revocationName} gives it */
  isRevoked(name: string): boolean
}

/** For a server without a live list: what is revoked it learns from the revocation lists of its CAs alone. */
export const NO_LIVE_LIST: LiveRevocations = Object.freeze({ isFresh: () => true, isRevoked: () => false })

/** What a certificate is called in the live list. */
export function revocationName({ issuer, serial }: Pick<RevokedCertificate, 'issuer' | 'serial'>): string {
  return `${issuer}:${serial}`
}

/** Lower-case hex SHA-256 of a certificate's public key (DER, SubjectPublicKeyInfo). */
export function keyDigestOf({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}
