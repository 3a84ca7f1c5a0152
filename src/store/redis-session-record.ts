import type { LiveSession, SessionRecord } from '../auth/session-record.ts'
import { isTime } from './is-time.ts'
import { arrayIn } from './json-array.ts'
import { methodsOf, pendingOf } from './stored-words.ts'

/**
 * The fields of a stored session, in the order in which scripts read them. What no script looks at is one JSON text,
 * since every field of a reply costs time on every request; the seal covers all of it.
 */
export const SESSION_FIELDS = [
  'user',
  'epoch',
  'idleTimeout',
  'expiresAt',
  'idleExpiresAt',
  'lastSeenAt',
  'pending',
  'rest',
] as const

/** The same for a script: `'user', 'epoch', …`. */
export const SESSION_FIELD_LIST: string = SESSION_FIELDS.map((field) => `'${field}'`).join(', ')

/** A session as it is stored: names and values in turn. */
export function storedSession(
  record: SessionRecord,
  idleExpiresAt: number,
  now: number,
): (string | number)[] {
  const { user, epoch, idleTimeout, expiresAt, pending } = record
  const { createdAt, authenticatedAt, mfaAt, binding, label, address, userAgent, mac } = record
  const methods = record.authenticationMethods.join(' ')
  const rest = JSON.stringify([
    createdAt,
    authenticatedAt,
    mfaAt,
    methods,
    binding,
    label,
    address,
    userAgent,
    mac,
  ])
  const values = [user, epoch, idleTimeout, expiresAt, idleExpiresAt, now, pending ?? '', rest]
  return SESSION_FIELDS.flatMap((field, at) => [field, values[at] ?? ''])
}

/**
 * Reads a session from its {@link SESSION_FIELDS}.
 *
 * Fails closed: `undefined`, and the session is not live, for what is damaged or of another version.
 */
export function liveSessionIn(digest: string, reply: unknown): LiveSession | undefined {
  const values: readonly unknown[] = Array.isArray(reply) ? reply : []
  const [user, epoch, idleTimeout, expiresAt, idleExpiresAt, lastSeenAt, step, rest] = values
  const others = restIn(rest)
  const pending = typeof step === 'string' ? pendingOf(step === '' ? null : step) : undefined
  const times = [epoch, idleTimeout, expiresAt, idleExpiresAt, lastSeenAt].map(numberIn)
  if (others === undefined || pending === undefined || typeof user !== 'string' || !times.every(isTime))
    return undefined
  const [epochNow = 0, idle = 0, end = 0, idleEnd = 0, seen = 0] = times
  const record = { digest, user, epoch: epochNow, pending, idleTimeout: idle, expiresAt: end, ...others }
  return Object.freeze({ record: Object.freeze(record), idleExpiresAt: idleEnd, lastSeenAt: seen })
}

type Rest = Omit<SessionRecord, 'digest' | 'user' | 'epoch' | 'pending' | 'idleTimeout' | 'expiresAt'>

function restIn(text: unknown): Rest | undefined {
  const values: readonly unknown[] = typeof text === 'string' ? arrayIn(text) : []
  const [createdAt, authenticatedAt, mfaAt, methods, binding, label, address, userAgent, mac] = values
  const authenticationMethods = typeof methods === 'string' ? methodsOf(methods) : undefined
  if (!isTime(createdAt) || !isTime(authenticatedAt) || !(mfaAt === null || isTime(mfaAt))) return undefined
  if (authenticationMethods === undefined || !(binding === null || typeof binding === 'string'))
    return undefined
  if (typeof label !== 'string' || typeof address !== 'string') return undefined
  if (typeof userAgent !== 'string' || typeof mac !== 'string') return undefined
  return { createdAt, authenticatedAt, mfaAt, authenticationMethods, binding, label, address, userAgent, mac }
}

function numberIn(text: unknown): number | undefined {
  return typeof text === 'string' && text !== '' ? Number(text) : undefined
}
