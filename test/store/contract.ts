import { browserSessionsContract } from './browser-sessions-contract.ts'
import { confirmationsContract } from './confirmations-contract.ts'
import { devicesContract } from './devices-contract.ts'
import { handlesContract } from './handles-contract.ts'
import { historiesContract } from './histories-contract.ts'
import { notesContract } from './notes-contract.ts'
import { rateLimitsContract } from './rate-limits-contract.ts'
import { revocationsContract } from './revocations-contract.ts'
import { secretsContract } from './secrets-contract.ts'
import { sessionsContract } from './sessions-contract.ts'
import type { OpenStore, StoreBackdoor } from './store-under-test.ts'
import { usersContract } from './users-contract.ts'

/** What every engine must do. Times are those of the tests: no engine may use its own clock. */
export function storeContract(open: OpenStore, backdoor: StoreBackdoor): void {
  usersContract(open)
  sessionsContract(open, backdoor)
  confirmationsContract(open)
  devicesContract(open)
  handlesContract(open)
  historiesContract(open)
  notesContract(open)
  secretsContract(open)
  rateLimitsContract(open)
  revocationsContract(open, backdoor)
  browserSessionsContract(open)
}
