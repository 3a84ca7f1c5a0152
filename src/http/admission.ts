import { TLSSocket } from 'node:tls'
import { refused, type Outcome, type PresentedCertificate } from '../auth/authenticator.ts'
import { admitCertificate, type Admission, type Trust } from '../auth/certificate.ts'
import { NO_LIVE_LIST, type LiveRevocations } from '../auth/revocation.ts'
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
 * Judges certificates, each once per trust epoch: what was judged before costs a comparison of epoch and clock. The
 * live revocation list is asked every time.
 *
 * Fails closed: an admission of another epoch or past its time is made anew, and nobody is admitted by a certificate
 * that the live list has, nor by that of a user whom it says to be disabled, nor while the list was not read for too long.
 *
 * @param trust what is trusted now; another object means another epoch
 */
export function rememberedAdmission<Key>(
  memory: AdmissionMemory<Key>,
  trust: () => Trust,
  revocations: LiveRevocations,
): (key: Key, presented: () => PresentedCertificate, now: number) => Outcome {
  const admitted = (key: Key, presented: () => PresentedCertificate, now: number): Admission => {
    const current = trust()
    const known = memory.get(key)
    if (known !== undefined && known.trust === current && now < known.validUntil) return known
    const made = admitCertificate(presented(), current, now)
    memory.set(key, { ...made, trust: current })
    return made
  }
  return (key, presented, now) => {
    const { outcome, revocationName } = admitted(key, presented, now)
    if (outcome.kind !== 'identified') return outcome
    if (revocationName === undefined || revocations.isRevoked(revocationName))
      return refused('certificate_revoked')
    const { kind, name } = outcome.identity.principal
    if (kind === 'user' && revocations.isDisabled(name)) return refused('principal_disabled')
    return revocations.isFresh() ? outcome : refused('revocation_stale')
  }
}

/**
 * Admission of the peers of connections, remembered per connection.
 *
 * Fails closed: what is not a TLS socket is refused.
 *
 * @param trust what is trusted now; another object means another epoch
 * @param revocations the live revocation list; without one, only the lists of the CAs count
 */
export function admission(trust: () => Trust, revocations: LiveRevocations = NO_LIVE_LIST): Admit {
  const admit = rememberedAdmission(new WeakMap<TLSSocket, Admitted>(), trust, revocations)
  return (socket, now) =>
    socket instanceof TLSSocket
      ? admit(socket, () => certificateOf(socket), now)
      : { kind: 'refused', reason: 'certificate_untrusted' }
}
