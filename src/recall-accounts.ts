import { accountState, type AccountState } from './auth/account-state.ts'
import { strongerRevocation, type RevocationStore, type Revoked } from './auth/revocation.ts'
import type { User, Users } from './login/user.ts'

/**
 * Puts back on the live list which accounts are disabled, where it has forgotten or was never told: the accounts
 * themselves are kept for good, the list is not.
 *
 * Fails closed: where accounts have lost what the list was told of later, whoever is disabled by either is. Rejects with
 * `STORE_UNAVAILABLE`.
 *
 * @param now ms since the epoch
 */
export async function recallAccounts(
  { users, revocations }: { readonly users: Users; readonly revocations: RevocationStore },
  now: number,
): Promise<void> {
  // In this order: every epoch on the list was of an account before, so one that is below it now was lost.
  const { entries } = await revocations.read(0)
  const forgotten = forgottenStates(await users.list(), entries, now)
  if (forgotten.length > 0) await revocations.revoke(forgotten)
}

/** What is to be said that the list does not say. */
function forgottenStates(
  accounts: readonly User[],
  entries: readonly Revoked[],
  now: number,
): readonly AccountState[] {
  const listed = listedStates(entries, now)
  return accounts.flatMap((account) => {
    const known = listed.get(account.name)
    const epoch = account.disabled ? Math.max(account.epoch, known?.epoch ?? 0) : account.epoch
    const state = accountState({ ...account, epoch }, now)
    const { disabled } = known === undefined ? state : strongerRevocation(known, state)
    return disabled === (known?.disabled ?? false) ? [] : [state]
  })
}

function listedStates(entries: readonly Revoked[], now: number): ReadonlyMap<string, AccountState> {
  const states = new Map<string, AccountState>()
  for (const entry of entries) {
    if (entry.kind !== 'account' || now >= entry.until) continue
    const known = states.get(entry.user)
    states.set(entry.user, known === undefined ? entry : strongerRevocation(known, entry))
  }
  return states
}
