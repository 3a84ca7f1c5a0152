import type { AuditEvent } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { HistoryEvent } from '../login/history.ts'
import type { Store } from '../store/store.ts'
import { openAudit } from './open-audit.ts'

/**
 * Writes what has ended into the audit trail and the histories of the users. An end was never held up by that.
 *
 * @throws SallyportError `REFUSED`, which says that it is done
 */
export async function putOnRecord(
  users: readonly string[],
  event: HistoryEvent,
  events: readonly AuditEvent[],
  { histories }: Pick<Store, 'histories'>,
  config: Config,
): Promise<void> {
  try {
    const audit = await openAudit(config)
    try {
      for (const one of events) await audit.record(one)
    } finally {
      await audit.close()
    }
    for (const user of users) await histories.add(user, { at: Date.now(), event, address: '', userAgent: '' })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SallyportError('REFUSED', `it is done, but not on record: ${why}`, { cause })
  }
}
