import type { Outcome } from '../auth/authenticator.ts'
import type { Admit } from './admission.ts'
import type { RemovedHeader } from './remove-identity-headers.ts'

/** All that one request has to say who sent it, but for its session. */
export interface Asked {
  readonly socket: unknown
  /** The headers that claim an identity, which nobody else gets to see. */
  readonly claims: readonly RemovedHeader[]
}

/** How a listener knows whose certificate a request is of. */
export interface Identification {
  /** The header that is believed here; every other that claims an identity is counted as removed. */
  readonly header?: string
  /** Judges the peer of a connection: who is refused gets one answer, whatever is asked for. */
  readonly admit: Admit
  /** Judges whose certificate one request is of. Asked anew while the answer to it lasts. */
  readonly identify: (asked: Asked, now: number) => Outcome
}

/** A door whose callers come themselves: a request is of the peer of its connection, and no header says otherwise. */
export function directIdentification(admit: Admit): Identification {
  return { admit, identify: ({ socket }, now) => admit(socket, now) }
}
