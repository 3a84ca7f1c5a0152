import { TLSSocket } from 'node:tls'
import type { Outcome, PresentedCertificate } from '../auth/authenticator.ts'
import { admitCertificate, type Admission, type Trust } from '../auth/certificate.ts'
import { certificateOf } from './certificate-of.ts'

/** Judges the peer of a connection, once per connection and trust epoch. */
export type Admit = (socket: unknown, now: number) => Outcome

/** What was judged, and under which trust. */
export interface Admitted extends Admission {
  readonly trust: Trust
}

/** What was judged before, by what tells one certificate from another. */
export interface AdmissionMemory<Key> {
  get(key: Key): Admitted | undefined
  set(key: Key, admitted: Admitted): unknown
}

/**
 * Judges certificates, each once per trust epoch: what was judged before costs a comparison of epoch and clock.
 *
 * Fails closed: an admission of another epoch or past its time is made anew.
 *
 * @param trust what is trusted now; another object means another epoch
 */
export function rememberedAdmission<Key>(
  memory: AdmissionMemory<Key>,
  trust: () => Trust,
): (key: Key, presented: () => PresentedCertificate, now: number) => Outcome {
  return (key, presented, now) => {
    const current = trust()
    const known = memory.get(key)
    if (known !== undefined && known.trust === current && now < known.validUntil) return known.outcome
    const made = admitCertificate(presented(), current, now)
    memory.set(key, { ...made, trust: current })
    return made.outcome
  }
}

/**
 * Admission of the peers of connections, remembered per connection.
 *
 * Fails closed: what is not a TLS socket is refused.
 *
 * @param trust what is trusted now; another object means another epoch
 */
export function admission(trust: () => Trust): Admit {
  const admit = rememberedAdmission(new WeakMap<TLSSocket, Admitted>(), trust)
  return (socket, now) =>
    socket instanceof TLSSocket
      ? admit(socket, () => certificateOf(socket), now)
      : { kind: 'refused', reason: 'certificate_untrusted' }
}
