import { randomBytes, timingSafeEqual } from 'node:crypto'
import { contextWords } from './context-words.ts'
import { guessable } from './guessable.ts'
import type { WorkQueue } from './work-queue.ts'
import { argon2id, DEFAULT_COST, parsePhc, phcString, type HashCost } from './phc.ts'

/** Hashes, checks and judges passwords. All of it rejects with `TOO_BUSY` when too many wait. */
export interface Passwords {
  /** A new hash, as a PHC string. A password that a person chose must have passed {@link Passwords.problemOf}. */
  hash(password: string): Promise<string>
  /**
   * Whether `password` belongs to `stored`. Without a stored hash it checks against one that nothing fits, at the same
   * cost, so that an unknown user answers like a known one, and as late.
   *
   * Fails closed: false for a hash that cannot be read.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>
  /** What is wrong with a new password of a user, as a sentence for him; `undefined` if it can be taken. */
  problemOf(password: string, user: string): Promise<string | undefined>
  /** Whether a hash was made at the cost of now. */
  isCurrent(stored: string): boolean
}

/** ASVS 5.0, 6.2.1 and 6.2.9. Counted in characters, after normalisation. */
const SHORTEST = 12
const LONGEST = 256

const SALT_LENGTH = 16
const TAG_LENGTH = 32

/**
 * Makes the password functions. Everything they run goes through `queue`.
 *
 * @param words that are no secret here, beside the name of the user: of the product, of the host (ASVS 5.0, 6.2.11)
 */
export function passwords(
  queue: WorkQueue,
  cost: HashCost = DEFAULT_COST,
  words: readonly string[] = [],
): Passwords {
  const nobody = phcString({ cost, salt: randomBytes(SALT_LENGTH), tag: randomBytes(TAG_LENGTH) })
  const isGuessable = guessable()
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
      // What is no Unicode would be hashed like the character that stands for what is none.
      return timingSafeEqual(tag, hash.tag) && known !== undefined && password.isWellFormed()
    },
    async problemOf(password, user) {
      const known = contextWords(user, words)
      const fault = shapeProblem(password)
      if (fault !== undefined) return fault
      return (await queue(async () => isGuessable(normalized(password), known))) ? GUESSABLE : undefined
    },
    isCurrent(stored) {
      const hash = parsePhc(stored)
      return hash !== undefined && isSameCost(hash.cost, cost) && hash.tag.length === TAG_LENGTH
    },
  }
}

const GUESSABLE =
  'The password is too easy to guess: take several words that have nothing to do with one another.'

function shapeProblem(password: string): string | undefined {
  if (!password.isWellFormed()) return 'The password has a character that is none.'
  const { length } = Array.from(normalized(password))
  if (length < SHORTEST) return `The password must have at least ${SHORTEST} characters.`
  if (length > LONGEST) return `The password must have at most ${LONGEST} characters.`
  return undefined
}

function isSameCost(one: HashCost, other: HashCost): boolean {
  return one.memory === other.memory && one.passes === other.passes && one.parallelism === other.parallelism
}

/** One password has one form, however a keyboard composes it (RFC 8265 suggests NFC; NIST 800-63B NFKC). */
function normalized(password: string): string {
  return password.normalize('NFKC')
}
