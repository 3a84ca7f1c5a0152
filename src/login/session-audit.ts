import type {
  ConfirmationChanged,
  FactorChanged,
  RequestRefused,
  SecretChanged,
  SessionChanged,
  SessionEnded,
  SessionOpened,
  UserChanged,
} from '../audit/event.ts'
import type { SessionRecord } from '../auth/session-record.ts'
import { SallyportError } from '../errors.ts'
import type { Caller, LoginOptions } from './options.ts'

/** What the trail says about a session that begins. */
export function sessionOpened(
  reason: SessionChanged['reason'],
  record: SessionRecord,
  caller: Caller,
): SessionOpened {
  const { authenticationMethods, pending } = record
  return { event: 'session.opened', ...changeOf(reason, record, caller), authenticationMethods, pending }
}

/** What the trail says about a session that ends. */
export function sessionEnded(
  reason: SessionChanged['reason'],
  record: Pick<SessionRecord, 'user' | 'digest'>,
  caller: Caller,
): SessionEnded {
  return { event: 'session.ended', ...changeOf(reason, record, caller) }
}

function changeOf(
  reason: SessionChanged['reason'],
  { user, digest }: Pick<SessionRecord, 'user' | 'digest'>,
  { requestId, address }: Caller,
): Omit<SessionEnded, 'event'> {
  return { reason, requestId, principal: `user:${user}`, credential: `sha256:${digest}`, address }
}

/** Records what must be on record before it counts. Rejects with `AUDIT_UNAVAILABLE`. */
export async function recordOrFail(
  event: SessionChanged | FactorChanged | SecretChanged | ConfirmationChanged,
  { audit }: Pick<LoginOptions, 'audit'>,
): Promise<void> {
  try {
    await audit.record(event)
  } catch (error) {
    throw new SallyportError('AUDIT_UNAVAILABLE', `${event.event} cannot be recorded`, { cause: error })
  }
}

/** What the trail says about a name and password that were not right. The name is not in it: it may be a password. */
export function refusedLogin(
  { requestId, address }: Caller,
  reason: RequestRefused['reason'] = 'invalid_credentials',
): RequestRefused {
  return { event: 'request.refused', requestId, layer: 'http', reason, detail: null, address }
}

/** What the trail says about a code of a second factor that was not right. */
export function refusedCode({ requestId, address }: Caller): RequestRefused {
  const reason = 'second_factor_refused'
  return { event: 'request.refused', requestId, layer: 'http', reason, detail: null, address }
}

/** Records what happens in any case: an end is never held up by an audit trail that cannot be written. */
export async function recordIfPossible(
  event: SessionChanged | RequestRefused | SecretChanged | UserChanged | ConfirmationChanged,
  { audit, onException }: Pick<LoginOptions, 'audit' | 'onException'>,
): Promise<void> {
  const requestId = 'requestId' in event ? (event.requestId ?? undefined) : undefined
  await audit.record(event).catch((error: unknown) => onException(requestId, error))
}
