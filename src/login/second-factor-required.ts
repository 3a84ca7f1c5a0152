import type { RightsOf } from '../auth/authenticate.ts'
import { principalOf } from '../auth/principal.ts'

/** Whether a role of this user says `mfa: required`. Fails closed: true for a name that is none. */
export function secondFactorRequired(user: string, rightsOf: RightsOf): boolean {
  const principal = principalOf('user', user)
  return principal === undefined || rightsOf(principal).secondFactorRequired
}
