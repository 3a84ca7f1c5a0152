import type { AuthenticationMethod, LiveSession } from '../auth/session-record.ts'
import { endSession } from './end-session.ts'
import type { KnownUser } from './known-user.ts'
import { nextStep } from './next-step.ts'
import { openSession, type OpenedSession, type Opening } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, sessionEnded } from './session-audit.ts'

/** What a login proved, and where. */
export interface ProvenLogin {
  readonly known: KnownUser
  readonly method: AuthenticationMethod | readonly AuthenticationMethod[]
  /** When a second factor was proved with it, in ms since the epoch; null if none was. */
  readonly mfaAt: number | null
  /** What holds the new session, for the list of one's sessions. */
  readonly label: 'browser' | 'token'
  /** The live session that the new one takes the place of. */
  readonly previous: LiveSession | undefined
  readonly caller: Caller
}

/**
 * Opens the session of a login, a pending one while a step is missing, and ends the one that it takes the place of.
 *
 * Fails closed: `undefined` as `openSession`, and rejects as it does.
 */
export async function openLogin(
  login: ProvenLogin,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const { known, previous, caller } = login
  const opening = openingOf(login, options)
  const own = previous?.record.user === known.user.name ? previous.record.digest : undefined
  const replacing = own === undefined ? undefined : await openSession({ ...opening, replaces: own }, options)
  if (replacing !== undefined && previous !== undefined) {
    await recordIfPossible(sessionEnded('rotated', previous.record, caller), options)
    return replacing
  }
  // What was to be replaced has ended meanwhile: the login was proved all the same.
  const opened = await openSession({ ...opening, replaces: undefined }, options)
  if (opened !== undefined && previous !== undefined)
    await endSession(previous.record, 'rotated', caller, options)
  return opened
}

function openingOf(
  { known, method, mfaAt, label, caller }: ProvenLogin,
  { rightsOf }: LoginOptions,
): Omit<Opening, 'replaces'> {
  return {
    user: known.user,
    pending: nextStep(known, mfaAt, rightsOf),
    mfaAt,
    authenticationMethods: [method].flat(),
    endsBy: known.credentials.oneTimeUntil ?? undefined,
    label,
    reason: 'login',
    caller,
  }
}
