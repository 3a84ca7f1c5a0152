import type { Signer } from './certify.ts'
import { isSallyportError } from '../errors.ts'
import type { Issued } from './issue.ts'
import { principalOf } from './ledger-state.ts'
import { readRequest, type CertificateRequest, type RequestedIdentity } from './request.ts'

/** Told what was signed before it is in the ledger, to put it on record. If it rejects, nothing is released. */
export type Announce = (issued: Issued) => Promise<void>

/** The issuing CA at work for others. */
export interface Issuance {
  /** The certs directory. */
  readonly certs: string
  readonly signer: Signer
  readonly announce: Announce
  /** Where the revocation lists are published, if they are. */
  readonly revocationListUrl?: string
}

/** Why a certificate was not issued. A refusal is a value. */
export type IssuanceRefusal =
  | 'certificate_request_refused'
  | 'enrolment_token_invalid'
  | 'renewal_refused'
  | 'rate_limited'

/**
 * A certificate that is in the ledger and may leave. In the shape that `http` declares for its port to the issuer: the two
 * folders do not meet, and where `cli` puts one into the other a difference is a type error.
 */
export interface IssuedForOther {
  /** As in `service:billing`. */
  readonly principal: string
  /** PEM: the leaf, then the issuing CA. */
  readonly certificate: string
  readonly serial: string
  readonly thumbprint: string
  /** Ms since the epoch. */
  readonly expiresAt: number
}

export type IssuanceAnswer =
  | { readonly kind: 'issued'; readonly issued: IssuedForOther }
  | { readonly kind: 'refused'; readonly reason: IssuanceRefusal }

/** As a value. */
export function refusal(reason: IssuanceRefusal): IssuanceAnswer {
  return { kind: 'refused', reason }
}

/** What was issued, as the answer to who asked. */
export function answerOf({ certificate, entry, expiresAt }: Issued): IssuanceAnswer {
  const { serial, thumbprint } = entry
  return {
    kind: 'issued',
    issued: { principal: principalOf(entry), certificate, serial, thumbprint, expiresAt },
  }
}

/** The request, or `undefined` if it is refused. */
export async function requestOf(
  csr: string,
  identity: RequestedIdentity,
): Promise<CertificateRequest | undefined> {
  try {
    return await readRequest(csr, identity)
  } catch (error) {
    if (isSallyportError(error, 'CERTIFICATE_REQUEST_REFUSED')) return undefined
    throw error
  }
}
