import { allows } from './access/permission.ts'
import type { RightsOfPerson, WantedOfPerson } from './login/options.ts'
import type { WantedByUpstream } from './server-options.ts'

/**
 * What upstreams want of a person: of those alone of which the policy gives him anything, so that nobody learns of one that
 * he may not see.
 *
 * @param wanted what they want now
 */
export function wantedOfPerson(
  wanted: () => readonly WantedByUpstream[],
  rightsOf: RightsOfPerson,
): WantedOfPerson {
  return (principal, proved) => {
    const asking = wanted().filter(({ names }) => names.length > 0)
    if (asking.length === 0) return []
    const rights = rightsOf(principal, proved)
    return asking.filter((one) =>
      one.permissions.some((permission) => allows(rights.permissions, permission)),
    )
  }
}
