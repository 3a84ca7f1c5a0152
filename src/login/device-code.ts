import { createHash, randomBytes, randomInt, type KeyObject } from 'node:crypto'
import { macOf, type SealingKeys } from '../auth/mac.ts'

/** How long a device may wait to be approved, in ms (ASVS 5.0, 6.5.5: at most ten minutes). */
export const DEVICE_LOGIN_LIFE: number = 10 * 60_000

/** Twenty consonants: no letter looks like another or like a digit, and they make no words (RFC 8628, 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const GROUP = 4
const USER_CODE = new RegExp(`^[${LETTERS}]{${2 * GROUP}}$`)
const DEVICE_CODE = /^spd_[A-Za-z0-9_-]{43}$/

/** What the device keeps to itself: 256 bits from the system's random source. */
export function newDeviceCode(): string {
  return `spd_${randomBytes(32).toString('base64url')}`
}

/** The hex SHA-256 under which a device code is stored; `undefined` for what is none. */
export function deviceDigestOf(code: string): string | undefined {
  return DEVICE_CODE.test(code) ? createHash('sha256').update(code).digest('hex') : undefined
}

/** What a person types: 34 bits, good for ten minutes, and for who is logged in alone. */
export function newUserCode(): string {
  return Array.from({ length: 2 * GROUP }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

/** The code that somebody has typed, however it was grouped; `undefined` for what is none. */
export function userCodeIn(text: string): string | undefined {
  const code = text.slice(0, 64).replaceAll(/[\s-]/g, '').toUpperCase()
  return USER_CODE.test(code) ? code : undefined
}

/** A code in its two groups, as people read it. */
export function groupedCode(code: string): string {
  return `${code.slice(0, GROUP)}-${code.slice(GROUP)}`
}

/**
 * What a user code may be stored under, newest first. With a key that is not in the store: whoever reads that learns no
 * code.
 */
export function userCodeDigests(code: string, keys: SealingKeys): readonly [string, ...string[]] {
  const [newest, ...older] = keys
  return [digestUnder(newest, code), ...older.map((key) => digestUnder(key, code))]
}

function digestUnder(key: KeyObject, code: string): string {
  return macOf(['sallyport-user-code-v1', code], key).toString('hex')
}
