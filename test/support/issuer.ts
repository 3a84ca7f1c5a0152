import type { Issuer, IssuerAnswer, IssuerRefusal } from '../../src/http/issuer.ts'
import { enroll } from '../../src/pki/enroll.ts'
import type { Issuance } from '../../src/pki/issuance.ts'
import type { PrincipalKind } from '../../src/pki/name.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { renewFor } from '../../src/pki/renew-for.ts'
import { offer, type Offer } from '../../src/pki/token.ts'
import type { TestAuthority } from './certificates.ts'

/** An issuer in this process, over the CA and the ledger of a test. */
export interface TestIssuer extends Issuer {
  /** A one-time token, as it is handed to a client. */
  token(name: string, kind?: PrincipalKind, more?: Partial<Offer>): Promise<string>
  /** What was asked, in order. */
  readonly asked: readonly ('renew' | 'enroll')[]
  /** Answers everything with this from now on. */
  refuse(reason: IssuerRefusal | undefined): void
}

/** @param now ms since the epoch */
export function testIssuer(authority: TestAuthority, now: () => number = Date.now): TestIssuer {
  const { trustDomain, certs, issuer } = authority
  const issuance: Issuance = { certs, signer: issuer, announce: async () => undefined }
  const asked: ('renew' | 'enroll')[] = []
  let refusal: IssuerRefusal | undefined
  const answer = async (
    what: 'renew' | 'enroll',
    work: () => Promise<IssuerAnswer>,
  ): Promise<IssuerAnswer> => {
    asked.push(what)
    if (refusal !== undefined) return { kind: 'refused', reason: refusal }
    return work().catch(() => ({ kind: 'refused', reason: 'issuer_unavailable' }))
  }
  return {
    asked,
    refuse: (reason) => {
      refusal = reason
    },
    async token(name, kind = 'service', more = {}) {
      const identity = { trustDomain, kind, name }
      const { token } = await offer(certs, { identity, life: LIFETIME.client, ttl: 600_000, ...more }, now())
      return token
    },
    renew: async (certificate, request) =>
      answer('renew', async () => renewFor(issuance, certificate, request, now())),
    enroll: async (token, request) => answer('enroll', async () => enroll(issuance, token, request, now())),
  }
}
