import type { AuthContext } from './context.ts'
import type { Revoked } from './revocation.ts'

/**
 * Whom entries of the live revocation list concern: the sessions, the users (by a session) and the accounts (by
 * whatever they are known) that they name, exactly; and if there is a certificate among them, everybody who is known by
 * one, since a context does not say what its certificate is called in the list.
 */
export function concernedBy(entries: readonly Revoked[]): (context: AuthContext) => boolean {
  const sessions = new Set<string>()
  const users = new Set<string>()
  const accounts = new Set<string>()
  let certificates = false
  for (const entry of entries) {
    if (entry.kind === 'session') sessions.add(`sha256:${entry.digest}`)
    else if (entry.kind === 'user') users.add(`user:${entry.user}`)
    else if (entry.kind === 'account') accounts.add(`user:${entry.user}`)
    else certificates = true
  }
  return ({ session, principal, methods }) =>
    (certificates && methods.includes('certificate')) ||
    accounts.has(principal.id) ||
    (session !== undefined && (sessions.has(session) || users.has(principal.id)))
}
