import { randomUUID } from 'node:crypto'
import { slotOf } from '../auth/session-token.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { sessionId } from '../login/session-id.ts'
import type { Store } from '../store/store.ts'
import { putOnRecord } from './put-on-record.ts'

/**
 * Ends one session of a user on every server, then puts that on record.
 *
 * @param onEnded called when it is done; what is not on record then has ended all the same
 * @throws SallyportError `NOT_FOUND` if the user has no live session that is called `id`; `STORE_UNAVAILABLE`; `REFUSED`
 *   if it has ended and is not on record
 */
export async function revokeOne(
  user: string,
  id: string,
  store: Store,
  config: Config,
  onEnded: () => void,
): Promise<void> {
  const all = await store.sessions.list(user, Date.now())
  const one = all.find(({ record }) => sessionId(record.digest) === id)
  if (one === undefined)
    throw new SallyportError(
      'NOT_FOUND',
      `${user} has no session ${JSON.stringify(id.slice(0, 40))}: "npx sallyport session list ${user}" shows them`,
    )
  const { digest, expiresAt } = one.record
  await store.revocations.revoke([{ kind: 'session', digest, until: expiresAt }])
  await store.sessions.end(digest, slotOf(user))
  onEnded()
  const event = {
    event: 'session.ended',
    reason: 'ended_by_operator',
    requestId: randomUUID(),
    principal: `user:${user}`,
    credential: `sha256:${digest}`,
    address: '',
  } as const
  await putOnRecord([user], 'session_ended', [event], store, config)
}
