import type { AccountSection } from './account-section.ts'
import { deviceWords } from './device-words.ts'
import { historyWords } from './history-words.ts'
import { historySection } from './pages/history-section.ts'

/** The section of the account page with what happened to the account. */
export const ownHistory: AccountSection = async ({ visitor }, { histories }) => {
  const entries = await histories.list(visitor.live.record.user)
  return historySection(
    entries.map(({ at, event, address, userAgent }) => ({
      at,
      what: historyWords[event],
      address,
      device: userAgent === '' ? '' : deviceWords(userAgent),
    })),
  )
}
