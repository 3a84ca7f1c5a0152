import type { Store } from '../../src/store/store.ts'
import type { TestSession } from '../support/session-records.ts'

/** Opens the store under test once more: every call is another connection to the same data. */
export type OpenStore = () => Promise<Store>

/** Changes what is stored behind the store's back, as an administrator or an attacker would. */
export interface StoreBackdoor {
  disable(name: string): Promise<void>
  /** Sets the idle end of a session to any time. */
  setIdleEnd(session: TestSession, idleExpiresAt: number): Promise<void>
  setRevocationEpoch(epoch: number): Promise<void>
}
