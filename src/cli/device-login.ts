import * as z from 'zod'
import { isSallyportError, SallyportError } from '../errors.ts'
import { loginAnswer, type NewSession } from './logged-in-answer.ts'
import { askDoor, notADoor, refusedByDoor, type DoorRefusal, type PeopleDoor } from './people-door.ts'

/** What a person needs to approve this terminal. */
export interface DevicePrompt {
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string
}

/** What {@link deviceLogin} takes. */
export interface DeviceLogin {
  readonly door: PeopleDoor
  /** What this terminal calls itself. */
  readonly client: string
  readonly show: (prompt: DevicePrompt) => void
  /** Told how many ms are left, whenever it was asked in vain. */
  readonly waiting: (left: number) => void
  /** Resolves after `ms`; rejects when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ms, of any clock that does not go back. */
  readonly now: () => number
  /** Aborted when whoever waits breaks off: that ends a pause and a question to the server alike. */
  readonly signal: AbortSignal
}

interface Begun extends DevicePrompt {
  readonly deviceCode: string
  /** Seconds. */
  readonly expiresIn: number
  readonly interval: number
}

const SHAPE: z.ZodType<Begun> = z.object({
  deviceCode: z.string().min(1).max(256),
  // Shown on a terminal, and typed: nothing but what can be typed.
  userCode: z.string().regex(/^[A-Z0-9]{2,12}(?:-[A-Z0-9]{2,12}){0,3}$/),
  verificationUri: z.url().max(512),
  verificationUriComplete: z.url().max(512),
  expiresIn: z.int().min(1).max(3_600),
  interval: z.int().min(1).max(60),
})

/** RFC 8628, 3.5: so much longer between polls for who is told to slow down, in ms. */
const SLOWER = 5_000

/**
 * Logs in by a code that a person approves in a browser, where he is logged in already (RFC 8628, in spirit). A server
 * that is gone for a moment is asked again until the code is over.
 *
 * @throws SallyportError `REFUSED` (denied, too late, broken off, turned off), `TOO_BUSY` or `UNREACHABLE`
 */
export async function deviceLogin(login: DeviceLogin): Promise<NewSession> {
  return approved(login).catch((cause: unknown) => {
    if (!login.signal.aborted) throw cause
    throw new SallyportError('REFUSED', 'broken off: nobody was logged in', { cause })
  })
}

async function approved(login: DeviceLogin): Promise<NewSession> {
  const { door, client, show, waiting, wait, now, signal } = login
  const asked = await askDoor(door, '/auth/device', { client }, { signal })
  if (asked.kind === 'refused') throw notBegun(asked, door)
  const begun = begunIn(asked.body, door)
  show(begun)
  const end = now() + begun.expiresIn * 1000
  let pause = begun.interval * 1000
  for (;;) {
    waiting(end - now())
    await wait(pause, signal)
    const said = await polled(begun, door, signal)
    if (said.kind === 'opened') return said.session
    if (said.kind === 'slow_down') pause += SLOWER
    if (now() >= end) throw tooLate()
  }
}

type Said =
  | { readonly kind: 'opened'; readonly session: NewSession }
  | { readonly kind: 'pending' | 'slow_down' }

async function polled({ deviceCode }: Begun, door: PeopleDoor, signal: AbortSignal): Promise<Said> {
  try {
    const answer = await askDoor(door, '/auth/device/token', { deviceCode }, { signal })
    if (answer.kind === 'refused') return notYet(answer, door)
    const session = loginAnswer(answer.body, door.origin)
    if (session.next !== null) throw notADoor(door.origin, 'answered with no session')
    return { kind: 'opened', session }
  } catch (error) {
    if (isSallyportError(error, 'UNREACHABLE') && error.cause !== undefined) return { kind: 'slow_down' }
    throw error
  }
}

function notYet(refusal: DoorRefusal, { origin }: PeopleDoor): Said {
  switch (refusal.code) {
    case 'authorization_pending':
      return { kind: 'pending' }
    case 'slow_down':
      return { kind: 'slow_down' }
    case 'access_denied':
      throw new SallyportError('REFUSED', 'the login was denied, or is not possible any more')
    case 'expired_token':
      throw tooLate()
    default:
      if (refusal.status === 429 || refusal.status >= 500) return { kind: 'slow_down' }
      throw refusedByDoor(refusal, origin)
  }
}

function tooLate(): SallyportError {
  return new SallyportError('REFUSED', 'nobody has approved the login in time: begin again')
}

function notBegun(refusal: DoorRefusal, { origin }: PeopleDoor): SallyportError {
  if (refusal.status !== 404) return refusedByDoor(refusal, origin)
  return new SallyportError(
    'REFUSED',
    `${origin} takes no logins by a browser (sessions.deviceLogin is off there, or it is not the door for people): log in without --device`,
  )
}

/** A page of another server is not shown: whoever opens it may log in there. */
function begunIn(body: Readonly<Record<string, unknown>>, { origin }: PeopleDoor): Begun {
  const read = SHAPE.safeParse(body)
  if (!read.success) throw notADoor(origin, 'answered with no code')
  const { verificationUri, verificationUriComplete } = read.data
  const isOurs = [verificationUri, verificationUriComplete].every((uri) => new URL(uri).origin === origin)
  if (!isOurs) throw notADoor(origin, 'wants its code to be entered at another server')
  return read.data
}
