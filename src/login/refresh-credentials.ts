import { changeCredentials, type KnownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'

/**
 * Brings what a user logs in by up to date while his password is at hand: hashed at the cost of now, sealed under the
 * newest key. No session ends by it.
 *
 * Nothing waits for that to succeed: the login goes on, and the next one tries again.
 *
 * @param password that was just found to be right
 */
export async function refreshCredentials(
  known: KnownUser,
  password: string,
  requestId: string,
  options: LoginOptions,
): Promise<void> {
  const { passwords, vault } = options
  const isHashCurrent = passwords.isCurrent(known.credentials.passwordHash)
  if (isHashCurrent && vault.isCurrent(known.user.credentials)) return
  await refreshed(known, isHashCurrent ? undefined : password, options).catch((error: unknown) =>
    options.onException(requestId, error),
  )
}

async function refreshed(
  { user: { name }, credentials: { passwordHash: former } }: KnownUser,
  password: string | undefined,
  options: LoginOptions,
): Promise<void> {
  const passwordHash = password === undefined ? former : await options.passwords.hash(password)
  await changeCredentials<void>(
    name,
    ({ credentials }) =>
      credentials.passwordHash === former
        ? {
            kind: 'write',
            credentials: { ...credentials, passwordHash },
            endSessions: false,
            told: undefined,
          }
        : { kind: 'leave', told: undefined },
    options,
  )
}
