import type { AccountSection } from './account-section.ts'
import { knownUser } from './known-user.ts'
import { passkeysSection } from './pages/passkeys-section.ts'

/** The section of the account page with one's own passkeys. */
export const ownPasskeys: AccountSection = async ({ visitor, formToken }, options) => {
  const known = await knownUser(visitor.live.record.user, options)
  return known === undefined
    ? undefined
    : passkeysSection({ formToken, passkeys: known.credentials.passkeys })
}
