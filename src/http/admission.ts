import { TLSSocket } from 'node:tls'
import type { Outcome } from '../auth/authenticator.ts'
import { admitCertificate, type Admission, type Trust } from '../auth/certificate.ts'
import { certificateOf } from './certificate-of.ts'

/** Judges the peer of a connection, once per connection and trust epoch. */
export type Admit = (socket: unknown, now: number) => Outcome

interface Admitted extends Admission {
  readonly trust: Trust
}

/**
 * Caches admission per connection: a request costs a comparison of the trust epoch and the clock.
 *
 * Fails closed: what is not a TLS socket is refused, and an admission of another epoch or past its time is made anew.
 *
 * @param trust what is trusted now; another object means another epoch
 */
export function admission(trust: () => Trust): Admit {
  const admitted = new WeakMap<TLSSocket, Admitted>()
  return (socket, now) => {
    if (!(socket instanceof TLSSocket)) return { kind: 'refused', reason: 'certificate_untrusted' }
    const current = trust()
    const known = admitted.get(socket)
    if (known !== undefined && known.trust === current && now < known.validUntil) return known.outcome
    const made = admitCertificate(certificateOf(socket), current, now)
    admitted.set(socket, { ...made, trust: current })
    return made.outcome
  }
}
