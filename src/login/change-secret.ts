import type { SecretChanged } from '../audit/event.ts'
import { principalOf } from '../auth/principal.ts'
import type { SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import { factorRefusal } from './change-factors.ts'
import { knownUser } from './known-user.ts'
import type { Caller, LoginOptions } from './options.ts'
import type { SecretFields, SecretNamed } from './secret-fields.ts'
import { fitsSecret } from './secret-value.ts'
import { MOST_SECRETS } from './secret-vault.ts'
import { recordIfPossible, recordOrFail } from './session-audit.ts'
import type { WantedSecrets } from './wanted-secrets.ts'

/** Why a secret was not set, or not removed. */
export type SecretRefusal =
  | 'session_invalid'
  | 'reauthentication_required'
  /** No upstream that this person may use asks for it; there is none to remove. */
  | 'unknown'
  /** The value cannot be one. */
  | 'unfit'
  /** There are as many as there can be. */
  | 'full'

/** Either it is done, or why not. */
export type SecretOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly reason: SecretRefusal }

/**
 * Keeps a secret of the user of a session for an upstream that asks for it, in place of the one that is there.
 *
 * Fails closed: refused unless the authentication is as fresh as for a change of factors; what cannot be recorded does not
 * happen. Rejects with `STORE_UNAVAILABLE` or `AUDIT_UNAVAILABLE`.
 */
export async function setSecret(
  { upstream, name, value }: SecretFields,
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<SecretOutcome> {
  const stale = await staleness(record, options)
  if (stale !== undefined) return refused(stale)
  const wanted = wantedBy(record, options).find((one) => one.upstream === upstream)
  if (wanted === undefined || !wanted.names.includes(name)) return refused('unknown')
  if (!fitsSecret(value)) return refused('unfit')
  const principal = `user:${record.user}`
  const kept = await options.upstreamSecrets.list(principal)
  const isThere = kept.some((one) => one.upstream === upstream && one.name === name)
  if (!isThere && kept.length >= MOST_SECRETS) return refused('full')
  await recordOrFail(eventOf('secret.set', { upstream, name }, principal, caller), options)
  const outcome = await options.upstreamSecrets.set(
    { principal, upstream, audience: wanted.audience, name },
    value,
  )
  if (outcome !== 'set') return refused(outcome)
  await addToHistory(record.user, 'secret_set', caller, options)
  return { kind: 'done' }
}

/** Takes a secret of the user of a session away. As {@link setSecret}; it is not held up by an audit trail that fails. */
export async function removeSecret(
  { upstream, name }: SecretNamed,
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<SecretOutcome> {
  const stale = await staleness(record, options)
  if (stale !== undefined) return refused(stale)
  const principal = `user:${record.user}`
  if (!(await options.upstreamSecrets.remove(principal, upstream, name))) return refused('unknown')
  await recordIfPossible(eventOf('secret.removed', { upstream, name }, principal, caller), options)
  await addToHistory(record.user, 'secret_removed', caller, options)
  return { kind: 'done' }
}

/** What upstreams want of the user of a session, by what was proved in it. */
export function wantedBy(record: SessionRecord, { wantedSecrets }: LoginOptions): readonly WantedSecrets[] {
  const principal = principalOf('user', record.user)
  return principal === undefined ? [] : wantedSecrets(principal, record)
}

async function staleness(
  record: SessionRecord,
  options: LoginOptions,
): Promise<'session_invalid' | 'reauthentication_required' | undefined> {
  const known = await knownUser(record.user, options)
  if (known === undefined) return 'session_invalid'
  return factorRefusal(record, known, options.now())
}

function refused(reason: SecretRefusal): SecretOutcome {
  return { kind: 'refused', reason }
}

function eventOf(
  event: SecretChanged['event'],
  { upstream, name }: SecretNamed,
  principal: string,
  { requestId, address }: Caller,
): SecretChanged {
  return { event, requestId, principal, upstream, name, by: principal, address }
}
