import { SallyportError } from '../errors.ts'
import { keptSessions, type KeptSession } from './session-file.ts'

/**
 * The session that is meant where nobody says which: the only one that is kept.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `NAME_INVALID` if there are several, and what is wrong with the
 *   file if there is no other
 */
export async function onlySession(env: Readonly<Record<string, string | undefined>>): Promise<KeptSession> {
  const { sessions, faults } = await keptSessions(env)
  const [session, another] = sessions
  const [fault] = faults
  if (session !== undefined && another === undefined) return session
  if (session !== undefined) {
    const servers = sessions.map(({ server }) => server).join(', ')
    throw new SallyportError('NAME_INVALID', `you are logged in at several servers, so say which: ${servers}`)
  }
  throw (
    fault ?? new SallyportError('NOT_FOUND', 'you are not logged in anywhere: "sallyport login URL" logs in')
  )
}
