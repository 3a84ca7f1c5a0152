import type { Issuer, IssuerAnswer } from '../http/issuer.ts'
import { enroll } from '../pki/enroll.ts'
import type { Signer } from '../pki/certify.ts'
import { renewFor } from '../pki/renew-for.ts'
import { issuanceWith, type Issuing } from './issuing.ts'

/** What an issuer needs. */
export interface IssuerOptions extends Omit<Issuing, 'now' | 'passphrase'> {
  /** The issuing CA, its key in memory. */
  readonly signer: Signer
  /** Ms since the epoch. */
  readonly now: () => number
  /** Hears why something could not be done; who asked only hears that it could not. */
  readonly onProblem: (error: unknown) => void
}

/**
 * The issuer itself. One thing at a time: all of it waits for the same ledger.
 *
 * Fails closed: what cannot be put on the audit trail or into the ledger is not released, and the answer is
 * `issuer_unavailable`.
 */
export function issuerService(options: IssuerOptions): Issuer {
  const { signer, now, onProblem } = options
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = async (work: () => Promise<IssuerAnswer>): Promise<IssuerAnswer> => {
    const answer = last.then(work).catch((error: unknown): IssuerAnswer => {
      onProblem(error)
      return { kind: 'refused', reason: 'issuer_unavailable' }
    })
    last = answer
    return answer
  }
  const where = { ...options, now: 0 }
  return {
    renew: async (certificate, request) =>
      inTurn(async () =>
        renewFor(issuanceWith(signer, where, 'certificate.renewed'), certificate, request, now()),
      ),
    enroll: async (token, request) =>
      inTurn(async () => enroll(issuanceWith(signer, where, 'certificate.enrolled'), token, request, now())),
  }
}
