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
