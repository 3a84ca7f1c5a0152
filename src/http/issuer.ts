/** Why the issuer did not sign. Inside rich; `http/refusal` makes it dull. */
export type IssuerRefusal =
  /** The request (PKCS #10) cannot be read, is not signed by its key, or asks for what the profile does not give. */
  | 'certificate_request_refused'
  /** The token is unknown, used, or past its time. */
  | 'enrolment_token_invalid'
  /** The certificate is not of this CA, expired, revoked, or its lineage has ended. */
  | 'renewal_refused'
  | 'rate_limited'
  /** There is no issuer, it does not answer, or it could not write its ledger. */
  | 'issuer_unavailable'

/** A certificate that the issuer has signed and put on record. */
export interface IssuedByIssuer {
  /** As in `service:billing`. */
  readonly principal: string
  /** PEM: the leaf, then the issuing CA. */
  readonly certificate: string
  readonly serial: string
  /** `sha256:` and the hex digest of the leaf. */
  readonly thumbprint: string
  /** Ms since the epoch. */
  readonly expiresAt: number
}

/** What the issuer says to a request. A refusal is a value. */
export type IssuerAnswer =
  | { readonly kind: 'issued'; readonly issued: IssuedByIssuer }
  | { readonly kind: 'refused'; readonly reason: IssuerRefusal }

/**
 * The narrow door to the process that holds the issuing key; this one never does.
 *
 * Fails closed: never rejects; whatever goes wrong is `issuer_unavailable`.
 */
export interface Issuer {
  /**
   * A new certificate for whom `certificate` names, with the key of the request.
   *
   * @param certificate PEM of the leaf that TLS proved
   * @param request PEM, PKCS #10
   */
  renew(certificate: string, request: string): Promise<IssuerAnswer>
  /** The certificate that a one-time token was made for; of many uses at once exactly one succeeds. */
  enroll(token: string, request: string): Promise<IssuerAnswer>
}
