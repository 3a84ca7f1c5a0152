import { timingSafeEqual } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

/** RFC 6238 with the parameters that every authenticator app knows. */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 } as const
const STEP = PARAMETERS.period * 1_000
/** RFC 4226, 4: the length of a SHA-1 digest is recommended; in bytes. */
const SECRET_LENGTH = 20
/** Steps that a clock may be off, or a code may take to be typed, to each side (RFC 6238, 5.2). */
const TOLERANCE = [-1, 0, 1] as const

const CODE = /^[0-9]{6}$/
const ISSUER = 'Sallyport'

/** A new secret of 160 bits from the system's random source, in base32. */
export function newTotpSecret(): string {
  return new Secret({ size: SECRET_LENGTH }).base32
}

/** What an authenticator app reads from a QR code, for the account of `user`. */
export function totpUri(user: string, secret: string): string {
  return new TOTP({ issuer: ISSUER, label: user, secret, ...PARAMETERS }).toString()
}

/** The six digits in what was typed; `undefined` if they are none. Spaces are for reading. */
export function totpCodeIn(typed: string): string | undefined {
  const code = typed.replaceAll(' ', '')
  return CODE.test(code) ? code : undefined
}

/**
 * The step that a code is of: the present one or one beside it, the latest if it is of several, so that what is taken
 * once is over. `undefined` for a code of none of them. Constant time: every step is tried.
 *
 * @param code as {@link totpCodeIn} gives it
 * @param now ms since the epoch
 */
export function totpStepOf(secret: string, code: string, now: number): number | undefined {
  const key = Secret.fromBase32(secret)
  const present = Math.floor(now / STEP)
  const given = Buffer.from(code)
  const steps = TOLERANCE.map((offset) => present + offset)
  const fitting = steps.filter((step) => timingSafeEqual(given, Buffer.from(codeOf(key, step))))
  return fitting.at(-1)
}

function codeOf(secret: Secret, step: number): string {
  return TOTP.generate({ secret, timestamp: step * STEP, ...PARAMETERS })
}
