import { hash, X509Certificate } from 'node:crypto'
import { refused, type Outcome, type PresentedCertificate } from '../auth/authenticator.ts'
import type { Trust } from '../auth/certificate.ts'
import type { LiveRevocations } from '../auth/revocation.ts'
import { rememberedAdmission, type Admit } from './admission.ts'
import { readClientCert } from './client-cert.ts'
import { readForwardedClientCert } from './forwarded-client-cert.ts'
import type { Asked, Identification } from './identification.ts'
import { recentAdmissions } from './recent-admissions.ts'

/** The header in which a proxy that ends TLS says whose certificate it saw. */
export type CertificateHeader = 'client-cert' | 'x-forwarded-client-cert'

/** What {@link proxiedIdentification} takes. */
export interface ProxiedOptions {
  readonly header: CertificateHeader
  /** The principals of the proxies that are believed, as in `service:edge`. */
  readonly proxies: readonly string[]
  /** Judges the certificates of the proxies themselves. */
  readonly admit: Admit
  /** What is trusted now; another object means another epoch. */
  readonly trust: () => Trust
  /** The live revocation list. */
  readonly revocations: LiveRevocations
}

/** From what a header contains to the bytes of the one certificate in it. */
const READERS: Readonly<Record<CertificateHeader, (value: string) => Buffer | undefined>> = {
  'client-cert': readClientCert,
  'x-forwarded-client-cert': readForwardedClientCert,
}

/** Longer values are not looked at; in characters. */
const LONGEST_VALUE = 12 * 1024
/** So many certificates need not be read again for every request. */
const MOST_REMEMBERED = 1_000

/**
 * A door behind proxies that end TLS: they prove by certificates of their own who they are, and say of each request
 * whose certificate it is of. That certificate passes the same admission as one that TLS has checked here, at every
 * request; nothing of it is remembered with the connection, on which the next request may be of somebody else.
 *
 * Fails closed: who is not named as a proxy is refused, whatever its own certificate is good for; a request without
 * exactly one readable certificate is refused and never of the proxy; so is one with the certificate of a proxy, which
 * an outer proxy would share with all of its clients.
 */
export function proxiedIdentification(options: ProxiedOptions): Identification {
  const { header, proxies, admit, trust, revocations } = options
  const named: ReadonlySet<string> = new Set(proxies)
  const judge = rememberedAdmission(recentAdmissions(MOST_REMEMBERED), trust, revocations)
  const admitProxy: Admit = (socket, now) => {
    const proxy = admit(socket, now)
    if (proxy.kind === 'absent') return refused('no_credential')
    if (proxy.kind === 'refused') return proxy
    return named.has(proxy.identity.principal.id) ? proxy : refused('proxy_not_named')
  }
  const identify = (asked: Asked, now: number): Outcome => {
    const proxy = admitProxy(asked.socket, now)
    if (proxy.kind !== 'identified') return proxy
    const claimed = claimedIn(asked, header)
    if (claimed.kind === 'refused') return claimed
    const { bytes } = claimed
    const client = judge(hash('sha256', bytes), () => presentedIn(bytes), now)
    if (client.kind !== 'identified') return client
    if (named.has(client.identity.principal.id)) return refused('certificate_wrong_usage')
    const via = proxy.identity.principal.id
    return { kind: 'identified', identity: { ...client.identity, authenticatedAt: now, via } }
  }
  return { header, admit: admitProxy, identify }
}

type Claimed = Extract<Outcome, { kind: 'refused' }> | { readonly kind: 'claimed'; readonly bytes: Buffer }

/** The certificate of the one header of that exact name. */
function claimedIn({ claims }: Asked, header: CertificateHeader): Claimed {
  const [first, ...others] = claims.filter(({ name }) => name === header)
  if (first === undefined) return { kind: 'refused', reason: 'no_credential' }
  const bytes =
    others.length === 0 && first.value.length <= LONGEST_VALUE ? READERS[header](first.value) : undefined
  return bytes === undefined
    ? { kind: 'refused', reason: 'credential_malformed' }
    : { kind: 'claimed', bytes }
}

/** The proxy's TLS has verified it, or says so; what is not exactly one certificate is nobody's. */
function presentedIn(bytes: Buffer): PresentedCertificate {
  try {
    const certificate = new X509Certificate(bytes)
    // It is read from PEM as well, and passes over what comes after it.
    if (certificate.raw.equals(bytes)) return { kind: 'verified', certificate }
  } catch {
    // Not a certificate.
  }
  return { kind: 'untrusted', error: 'the header holds no certificate' }
}
