import type { SessionRecord } from '../auth/session-record.ts'
import { changeFactors, type FactorDecision, type FactorsChanged } from './change-factors.ts'
import type { Credentials } from './credentials.ts'
import type { Caller, LoginOptions } from './options.ts'
import { withoutFactor } from './remove-factors.ts'

/** Removes a passkey of the user of a session; `conflict` if he has none of this id. As {@link changeFactors}. */
export async function removePasskey(
  record: SessionRecord,
  id: string,
  caller: Caller,
  options: LoginOptions,
): Promise<FactorsChanged> {
  const decide = (credentials: Credentials): FactorDecision => withoutPasskey(credentials, id)
  return changeFactors({ record, caller, decide, proves: null }, options)
}

function withoutPasskey(credentials: Credentials, id: string): FactorDecision {
  const passkeys = credentials.passkeys.filter((one) => one.id !== id)
  if (passkeys.length === credentials.passkeys.length) return { kind: 'refused', reason: 'conflict' }
  return withoutFactor({ ...credentials, passkeys }, 'passkey')
}
