import { randomBytes, timingSafeEqual } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { WorkQueue } from './work-queue.ts'
import { argon2id, DEFAULT_COST, parsePhc, phcString, type HashCost } from './phc.ts'

/** Hashes and checks passwords. Both reject with `TOO_BUSY` when too many wait. */
export interface Passwords {
  /** A new hash, as a PHC string. The password must have passed {@link passwordProblem}. */
  hash(password: string): Promise<string>
  /**
   * Whether `password` belongs to `stored`. Without a stored hash it checks against one that nothing fits, at the same
   * cost, so that an unknown user answers like a known one, and as late.
   *
   * Fails closed: false for a hash that cannot be read.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

/** ASVS 5.0, 6.2.1 and 6.2.9. Counted in characters, after normalisation. */
const SHORTEST = 12
const LONGEST = 256

const SALT_LENGTH = 16
const TAG_LENGTH = 32

/** Makes the password functions. Everything they run goes through `queue`. */
export function passwords(queue: WorkQueue, cost: HashCost = DEFAULT_COST): Passwords {
  const nobody = phcString({ cost, salt: randomBytes(SALT_LENGTH), tag: randomBytes(TAG_LENGTH) })
  return {
    async hash(password) {
      const salt = randomBytes(SALT_LENGTH)
      const tag = await queue(async () => argon2id(normalized(password), salt, cost, TAG_LENGTH))
      return phcString({ cost, salt, tag })
    },
    async verify(password, stored) {
      const known = stored === undefined ? undefined : parsePhc(stored)
      const hash = known ?? parsePhc(nobody)
      if (hash === undefined) throw new TypeError('the cost of password hashes is out of bounds')
      const tag = await queue(async () =>
        argon2id(normalized(password), hash.salt, hash.cost, hash.tag.length),
      )
      return timingSafeEqual(tag, hash.tag) && known !== undefined
    },
  }
}

/** What is wrong with a new password, as a sentence for the user; `undefined` if it can be taken. */
export function passwordProblem(password: string): string | undefined {
  const { length } = Array.from(normalized(password))
  if (length < SHORTEST) return `The password must have at least ${SHORTEST} characters.`
  if (length > LONGEST) return `The password must have at most ${LONGEST} characters.`
  return undefined
}

/** Throws `PASSWORD_REFUSED` for a password that cannot be taken. */
export function assertPassword(password: string): void {
  const problem = passwordProblem(password)
  if (problem !== undefined) throw new SallyportError('PASSWORD_REFUSED', problem)
}

/** One password has one form, however a keyboard composes it (RFC 8265 suggests NFC; NIST 800-63B NFKC). */
function normalized(password: string): string {
  return password.normalize('NFKC')
}
