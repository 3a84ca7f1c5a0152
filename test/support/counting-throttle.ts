import { unsafeNoThrottle } from './no-throttle.ts'
import type { Throttle } from '../../src/login/throttle.ts'

/** So many codes for one session, and no other bound. */
export function codesPerSession(most: number): Throttle {
  const tries = new Map<string, number>()
  return {
    ...unsafeNoThrottle,
    async code({ digest }) {
      const count = (tries.get(digest) ?? 0) + 1
      tries.set(digest, count)
      return count > most ? { kind: 'wait', seconds: 7 } : { kind: 'go' }
    },
  }
}
