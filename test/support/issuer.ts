import type { AuditEvent } from '../../src/audit/event.ts'
import { issuerService } from '../../src/cli/issuer-service.ts'
import type { Issuer, IssuerAnswer, IssuerRefusal } from '../../src/http/issuer.ts'
import type { PrincipalKind } from '../../src/pki/name.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { offer, type Offer } from '../../src/pki/token.ts'
import type { TestAuthority } from './certificates.ts'

/** The issuer, in this process, over the CA and the ledger of a test. */
export interface TestIssuer extends Issuer {
  /** A one-time token, as it is handed to a client. */
  token(name: string, kind?: PrincipalKind, more?: Partial<Offer>): Promise<string>
  /** What was asked, in order. */
  readonly asked: readonly ('renew' | 'enroll')[]
  /** What it has put on record. */
  readonly events: readonly AuditEvent[]
  /** Answers everything with this from now on. */
  refuse(reason: IssuerRefusal | undefined): void
}

/** @param now ms since the epoch */
export function testIssuer(authority: TestAuthority, now: () => number = Date.now): TestIssuer {
  const { trustDomain, certs, issuer: signer } = authority
  const events: AuditEvent[] = []
  const audit = { record: async (event: AuditEvent) => void events.push(event) }
  const issuer = issuerService({ certs, signer, audit, now, onProblem: () => undefined })
  const asked: ('renew' | 'enroll')[] = []
  let refusal: IssuerRefusal | undefined
  const answer = async (
    what: 'renew' | 'enroll',
    work: () => Promise<IssuerAnswer>,
  ): Promise<IssuerAnswer> => {
    asked.push(what)
    return refusal === undefined ? work() : { kind: 'refused', reason: refusal }
  }
  return {
    asked,
    events,
    refuse: (reason) => {
      refusal = reason
    },
    async token(name, kind = 'service', more = {}) {
      const identity = { trustDomain, kind, name }
      const { token } = await offer(certs, { identity, life: LIFETIME.client, ttl: 600_000, ...more }, now())
      return token
    },
    renew: async (certificate, request) => answer('renew', async () => issuer.renew(certificate, request)),
    enroll: async (token, request) => answer('enroll', async () => issuer.enroll(token, request)),
  }
}
