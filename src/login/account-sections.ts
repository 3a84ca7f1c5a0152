import type { AccountSection } from './account-section.ts'
import { ownApprovals } from './approvals-section.ts'
import { ownFactors } from './factors-section.ts'
import { ownPasskeys } from './passkeys-section.ts'
import { ownHistory } from './history-section.ts'
import { ownSecrets } from './secrets-section.ts'
import { ownSessions } from './sessions-section.ts'

/** The sections of the account page, from top to bottom. */
export const accountSections: readonly AccountSection[] = [
  ownApprovals,
  ownFactors,
  ownPasskeys,
  ownSecrets,
  ownSessions,
  ownHistory,
]
