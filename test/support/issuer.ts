import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { uriIn } from '../../src/cli/received-certificate.ts'
import type { Issuer, IssuerAnswer, IssuerRefusal } from '../../src/http/issuer.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { parseSpiffeUri, type PrincipalKind } from '../../src/pki/name.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { readRequest } from '../../src/pki/request.ts'
import type { TestAuthority } from './certificates.ts'

/** An issuer in this process that signs with the CA of a test, and keeps its tokens in memory. */
export interface TestIssuer extends Issuer {
  /** A one-time token, as it is handed to a client. */
  token(name: string, kind?: PrincipalKind): string
  /** Who asked for what, in order. */
  readonly asked: readonly ('renew' | 'enroll')[]
  /** Answers everything with this from now on. */
  refuse(reason: IssuerRefusal | undefined): void
}

export interface TestIssuerOptions {
  readonly now?: () => number
  /** In ms; a day unless given. */
  readonly life?: number
}

export function testIssuer(authority: TestAuthority, options: TestIssuerOptions = {}): TestIssuer {
  const { now = Date.now, life = LIFETIME.client } = options
  const { trustDomain, issuer, rootPem } = authority
  const tokens = new Map<string, { readonly name: string; readonly kind: PrincipalKind }>()
  const asked: ('renew' | 'enroll')[] = []
  let refusal: IssuerRefusal | undefined
  const issued = async (kind: PrincipalKind, name: string, request: string): Promise<IssuerAnswer> => {
    const uri = `spiffe://${trustDomain}/${kind}/${name}`
    const read = await readRequest(request, { uri, name }).catch(() => undefined)
    if (read === undefined) return { kind: 'refused', reason: 'certificate_request_refused' }
    const { publicKey } = read
    const { certificate, entry, expiresAt } = await issueClient(
      issuer,
      { trustDomain, kind, name },
      life,
      now(),
      { publicKey },
    )
    const { serial, thumbprint } = entry
    return {
      kind: 'issued',
      issued: { principal: `${kind}:${name}`, certificate, serial, thumbprint, expiresAt },
    }
  }
  return {
    asked,
    refuse: (reason) => {
      refusal = reason
    },
    token(name, kind = 'service') {
      const fingerprint = createHash('sha256').update(new X509Certificate(rootPem).raw).digest('hex')
      const token = `spe_${randomBytes(32).toString('base64url')}.${fingerprint}`
      tokens.set(token, { name, kind })
      return token
    },
    async renew(certificate, request) {
      asked.push('renew')
      if (refusal !== undefined) return { kind: 'refused', reason: refusal }
      const identity = parseSpiffeUri(uriIn(new X509Certificate(certificate)) ?? '')
      if (identity === undefined) return { kind: 'refused', reason: 'renewal_refused' }
      return issued(identity.kind, identity.name, request)
    },
    async enroll(token, request) {
      asked.push('enroll')
      if (refusal !== undefined) return { kind: 'refused', reason: refusal }
      const identity = tokens.get(token)
      if (!tokens.delete(token) || identity === undefined)
        return { kind: 'refused', reason: 'enrolment_token_invalid' }
      return issued(identity.kind, identity.name, request)
    },
  }
}
