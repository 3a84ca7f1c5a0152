import { SallyportError } from '../errors.ts'
import type { NoteStore } from './note-store.ts'

/** Stands in where the catalog is only looked at, and nothing of it may run: every step rejects. */
export const OFFLINE_NOTES: NoteStore = Object.freeze({
  list: offline,
  read: offline,
  write: offline,
  delete: offline,
})

async function offline(): Promise<never> {
  throw new SallyportError('STORE_UNAVAILABLE', 'there is no store here: the catalog is only looked at')
}
