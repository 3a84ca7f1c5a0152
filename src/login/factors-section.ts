import type { AccountSection } from './account-section.ts'
import { hasSecondFactor } from './credentials.ts'
import { knownUser } from './known-user.ts'
import { factorsSection } from './pages/factors-section.ts'

/** The authenticator app and the recovery codes of who looks at his account. */
export const ownFactors: AccountSection = async ({ visitor, formToken }, options) => {
  const known = await knownUser(visitor.live.record.user, options)
  if (known === undefined) return undefined
  const { totp, recoveryCodes } = known.credentials
  return factorsSection({
    formToken,
    totpAddedAt: totp?.addedAt ?? null,
    hasSecondFactor: hasSecondFactor(known.credentials),
    recoveryCodesLeft: recoveryCodes.length,
  })
}
