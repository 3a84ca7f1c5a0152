import { randomBytes } from 'node:crypto'
import { isMacOf, macOf, type MacParts, type SealingKeys } from '../auth/mac.ts'
import type { SessionRecord } from '../auth/session-record.ts'
import { isFresh } from './fresh.ts'
import type { LoginOptions } from './options.ts'
import type { Source } from './throttle.ts'
import type { Visit } from './visit.ts'

/** How long a browser is known after its last login, in ms. */
export const DEVICE_LIFE: number = 90 * 86_400_000

/** A random id, the epoch of its user, when it was given (both base 36), and a MAC. The user is not in it. */
const COOKIE = /^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

/** A browser in which a user logged in before. */
interface Device {
  readonly id: string
  /** Of the user, at that login. */
  readonly epoch: number
}

/**
 * The known device that a request comes from, for the user who is named; it says nothing about who asks, and is good
 * only for being counted apart from strangers.
 *
 * Fails closed: `undefined` for a cookie that is missing, forged, another user's, too old, or from before all sessions
 * of the user were ended (ASVS 5.0, 7.4.3): as for any stranger. Rejects with `STORE_UNAVAILABLE`.
 */
export async function deviceOf(
  { deviceCookie }: Source,
  user: string,
  { keys, now, users }: Pick<LoginOptions, 'keys' | 'now' | 'users'>,
): Promise<string | undefined> {
  const device = deviceIn(deviceCookie, user, now(), keys.knownDevice)
  // The store is asked for no one but who logged in here before: strangers learn nothing by the time it takes.
  if (device === undefined || (await users.find(user))?.epoch !== device.epoch) return undefined
  return device.id
}

/**
 * Lets a browser be known from a complete login on; one that is known already keeps its id, and what it was counted.
 * An old session under a new token makes none known: whoever stole it would have as many as he likes, each with tries of
 * its own.
 */
export function rememberDevice(
  { caller, keepDevice }: Visit,
  record: SessionRecord,
  { keys, now }: LoginOptions,
): void {
  const { user, epoch, pending } = record
  if (pending !== null) return
  const known = deviceIn(caller.deviceCookie, user, now(), keys.knownDevice)
  if (known === undefined && !isFresh(record, now())) return
  const id = known?.id ?? randomBytes(16).toString('base64url')
  keepDevice(cookieOf({ id, epoch }, user, now(), keys.knownDevice), DEVICE_LIFE)
}

function cookieOf({ id, epoch }: Device, user: string, now: number, keys: SealingKeys): string {
  const given = now.toString(36)
  const mac = macOf(partsOf(id, epoch.toString(36), given, user), keys[0]).toString('base64url')
  return `${id}.${epoch.toString(36)}.${given}.${mac}`
}

function deviceIn(
  cookie: string | undefined,
  user: string,
  now: number,
  keys: SealingKeys,
): Device | undefined {
  const [, id, epoch, given, mac] = COOKIE.exec(cookie ?? '') ?? []
  if (id === undefined || epoch === undefined || given === undefined || mac === undefined) return undefined
  const isOurs = isMacOf(Buffer.from(mac, 'base64url'), partsOf(id, epoch, given, user), keys)
  return isOurs && now < parseInt(given, 36) + DEVICE_LIFE ? { id, epoch: parseInt(epoch, 36) } : undefined
}

function partsOf(id: string, epoch: string, given: string, user: string): MacParts {
  return ['sallyport-device-v1', id, epoch, given, user]
}
