import type { Throttle, Throttled } from '../../src/login/throttle.ts'

const GO: Throttled = Object.freeze({ kind: 'go' })

/** Everybody may try as often as he likes: for tests of what throttling hides. */
export const unsafeNoThrottle: Throttle = {
  login: async () => GO,
  loggedIn: async () => GO,
  code: async () => GO,
  codeWasGood: async () => undefined,
  codeWasNoGuess: async () => undefined,
  begin: async () => GO,
}
