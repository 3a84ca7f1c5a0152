import { isMacOf, macOf, type MacParts, type SealingKeys } from '../auth/mac.ts'

/** A form is good for so long after its page was made, in ms. */
const LIFE = 12 * 3_600_000

const TOKEN = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

/**
 * The anti-forgery token of a form: nothing is stored, it is a MAC over what the browser holds in a cookie and an end.
 *
 * @param holder what only this browser holds: the digest of its session, or the secret of its form cookie
 * @param now ms since the epoch
 */
export function formTokenFor(holder: string, now: number, keys: SealingKeys): string {
  const end = (now + LIFE).toString(36)
  return `${end}.${macOf(partsOf(holder, end), keys[0]).toString('base64url')}`
}

/** Whether a token was made for `holder` by one of `keys` and has not run out. Constant time; fails closed. */
export function isFormToken(token: string, holder: string, now: number, keys: SealingKeys): boolean {
  const [, end, mac] = TOKEN.exec(token) ?? []
  if (end === undefined || mac === undefined) return false
  const isOurs = isMacOf(Buffer.from(mac, 'base64url'), partsOf(holder, end), keys)
  return isOurs && now < parseInt(end, 36)
}

function partsOf(holder: string, end: string): MacParts {
  return ['sallyport-form-v1', holder, end]
}
