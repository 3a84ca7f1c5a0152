import type { Store } from '../../src/store/store.ts'
import { browserSessionsContract } from './browser-sessions-contract.ts'
import { notesContract } from './notes-contract.ts'
import { sessionsContract } from './sessions-contract.ts'
import { usersContract } from './users-contract.ts'

/** Opens the store under test once more: every call is another connection to the same data. */
export type OpenStore = () => Promise<Store>

/** What every engine must do. Times are those of the tests: no engine may use its own clock. */
export function storeContract(open: OpenStore): void {
  usersContract(open)
  sessionsContract(open)
  notesContract(open)
  browserSessionsContract(open)
}
