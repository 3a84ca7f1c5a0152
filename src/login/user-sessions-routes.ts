import { principalOf } from '../auth/principal.ts'
import { endSessions } from './end-sessions.ts'
import { fieldsIn, noFields } from './fields.ts'
import { listedSession } from './listed-session.ts'
import type { AdministratorPermission } from './administrator-permissions.ts'
import type { LoginOptions } from './options.ts'
import { problem, refusal } from './problem.ts'
import { readingVisitor } from './reading-visitor.ts'
import { failed, json, type Reply } from './reply.ts'
import { sessionsOf } from './sessions-of.ts'
import type { KnownVisitor, Visitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** `GET /auth/users/:name/sessions`: the sessions of anybody, for administrators. */
export async function userSessionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  return administered('sessions:read', visit, options, async (user, { live }) => {
    const all = await sessionsOf(user, options)
    return json(all.map((one) => listedSession(one, live.record.digest)))
  })
}

/** `DELETE /auth/users/:name/sessions`: ends all sessions of anybody, for administrators. */
export async function endUserSessionsRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(visit.body, noFields)
  if (read.kind === 'refused') return failed(read.problem)
  return administered('sessions:end', visit, options, async (user, { live }) => {
    // Their owner learns that it happened, and not where administrators are.
    const caller = { ...visit.caller, address: '', userAgent: '' }
    const epoch = await endSessions(user, { by: `user:${live.record.user}`, caller }, options)
    return epoch === undefined ? failed('not_found') : { kind: 'empty' }
  })
}

/**
 * Does what takes a permission and a second factor that was proved in this session (ASVS 8.2.1).
 *
 * Fails closed: without them everything is answered as a user who does not exist, and is on record (ASVS 16.3.2).
 */
async function administered(
  permission: AdministratorPermission,
  visit: Visit,
  options: LoginOptions,
  work: (user: string, visitor: KnownVisitor) => Promise<Reply>,
): Promise<Reply> {
  const visitor = await readingVisitor(visit, options)
  if (visitor.kind === 'refused') return failed(refusal(visitor.reason))
  const name = visit.parameter('name')
  const isThere = (await options.users.find(name)) !== undefined
  if (!mayAdminister(permission, visitor, options))
    return failed({ ...problem('not_found'), reason: 'not_permitted' })
  return isThere ? work(name, visitor) : failed('not_found')
}

function mayAdminister(
  permission: AdministratorPermission,
  { live: { record } }: Extract<Visitor, { kind: 'known' }>,
  { rightsOf, allows }: LoginOptions,
): boolean {
  const principal = principalOf('user', record.user)
  if (principal === undefined || record.mfaAt === null) return false
  return allows(rightsOf(principal, record).permissions, permission)
}
