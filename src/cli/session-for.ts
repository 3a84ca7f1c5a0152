import { SallyportError } from '../errors.ts'
import { assertHttpsUrl } from './https-url.ts'
import { onlySession } from './only-session.ts'
import { keptSession, type KeptSession } from './session-file.ts'

/**
 * The session that `sallyport login` keeps for the server of a URL, and for no other; without a URL the only one.
 *
 * @throws SallyportError `NOT_FOUND` if there is none; as `keptSession` and `onlySession`
 */
export async function sessionFor(address: string | undefined): Promise<KeptSession> {
  if (address === undefined) return onlySession(process.env)
  const { origin } = assertHttpsUrl(address)
  const kept = await keptSession(origin, process.env)
  if (kept !== undefined) return kept
  throw new SallyportError(
    'NOT_FOUND',
    `you are not logged in at ${origin}: "sallyport login ${origin}" logs in`,
  )
}
