import { getCACertificates } from 'node:tls'
import { isSallyportError, SallyportError } from '../errors.ts'
import { isRecord } from '../wire/message.ts'
import { connectionFault } from './connection-fault.ts'
import { exchange } from './https-exchange.ts'
import { visible } from './visible.ts'

/** The door for people of a server, and by which roots it is verified. */
export interface PeopleDoor {
  /** As in `https://door.example:8444`. */
  readonly origin: string
  /** PEM; null for the roots of the system. */
  readonly ca: string | null
}

/** How it is asked. */
export interface Question {
  /** A session, complete or pending. */
  readonly token?: string
  /** How long its answer may take, in ms. */
  readonly patience?: number
  /** Breaks it off, which is `UNREACHABLE`, too. */
  readonly signal?: AbortSignal
}

/** What it answered. */
export type DoorAnswer =
  | { readonly kind: 'good'; readonly body: Readonly<Record<string, unknown>> }
  | DoorRefusal

/** A refusal in the words of the server, for a terminal. */
export interface DoorRefusal {
  readonly kind: 'refused'
  readonly status: number
  /** As in `invalid_credentials`; empty where the server said none. */
  readonly code: string
  readonly message: string
  readonly retryAfter: number | undefined
}

/** More of the words of a server are not shown. */
const LONGEST_WORDS = 300

/** The password that is checked after 64 others takes its time; nobody takes longer than this, in ms. */
const PATIENCE = 20_000

/**
 * Posts to the door for people, over a connection that was verified, and follows nobody elsewhere.
 *
 * @throws SallyportError `UNREACHABLE` for a server that cannot be reached, or is another than the one that was meant
 */
export async function askDoor(
  { origin, ca }: PeopleDoor,
  path: `/${string}`,
  body: Readonly<Record<string, unknown>>,
  { token, patience = PATIENCE, signal }: Question = {},
): Promise<DoorAnswer> {
  const asking = { method: 'POST', body: JSON.stringify(body), bearer: token, signal } as const
  const { status, text, retryAfter } = await exchange(
    new URL(path, origin),
    asking,
    { ca: ca ?? systemRoots() },
    patience,
  ).catch((error: unknown) => {
    throw untrusted(error, origin, ca)
  })
  if (status >= 300 && status < 400)
    throw notADoor(origin, `sends us elsewhere (${status}), where nothing is sent to`)
  const said = text === '' ? {} : parsed(text)
  if (said === undefined)
    throw notADoor(origin, `answered with something that is not Sallyport's (${status})`)
  if (status >= 200 && status < 300) return { kind: 'good', body: said }
  return {
    kind: 'refused',
    status,
    code: textIn(said, 'error'),
    message: textIn(said, 'message'),
    retryAfter,
  }
}

/** What to say of a refusal that nothing can be done about here. */
export function refusedByDoor(
  { status, code, message, retryAfter }: DoorRefusal,
  origin: string,
): SallyportError {
  if (status === 429)
    return new SallyportError(
      'TOO_BUSY',
      `${origin} has seen too many tries: wait ${retryAfter === undefined ? 'a while' : `${retryAfter} s`}, then try again`,
    )
  if (status === 503)
    return new SallyportError('TOO_BUSY', `${origin} cannot do it at the moment (503): try again later`)
  if (status === 404 || status === 405) return notADoor(origin, `has no such page (${status})`)
  const words = message === '' ? `it answered with ${status}` : message
  return new SallyportError('REFUSED', `${origin} refused: ${words}${code === '' ? '' : ` (${code})`}`)
}

/** The roots of this machine, and those that Node brings. PEM. */
export function systemRoots(): string {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])].join('\n')
}

/** What to say of a server that does not answer as the door for people does. */
export function notADoor(origin: string, what: string): SallyportError {
  return new SallyportError(
    'UNREACHABLE',
    `${origin} ${what}: is it the door for people? Its URL is the one that "npm start" prints after "Log in at"`,
  )
}

function untrusted(error: unknown, origin: string, ca: string | null): unknown {
  if (!isSallyportError(error) || connectionFault(error) !== 'foreign_server') return error
  const trusted =
    ca === null ? 'of none of the CAs that this machine trusts' : 'not of the CA that is trusted for it'
  return new SallyportError(
    'UNREACHABLE',
    `${origin} has a certificate that is ${trusted}: if it is the right server, get certs/ca/root.pem from whoever runs it and name it with --ca`,
    { cause: error },
  )
}

function textIn(body: Readonly<Record<string, unknown>>, field: string): string {
  const value = body[field]
  return typeof value === 'string' ? visible(value.slice(0, LONGEST_WORDS)) : ''
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
