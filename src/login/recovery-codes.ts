import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Crockford's base32: no letter that is mistaken for another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const COUNT = 10
const LENGTH = 24
const GROUPS = /.{4}/g

const CODE = /^[0-9a-hjkmnp-tv-z]{24}$/

/** New recovery codes. The codes are shown once; the digests are kept. */
export interface RecoveryCodes {
  readonly codes: readonly string[]
  /** Hex SHA-256, which is enough for 120 random bits (ASVS 5.0, 6.5.2). */
  readonly digests: readonly string[]
}

/** Ten codes of 120 random bits each, in six groups of four. */
export function newRecoveryCodes(): RecoveryCodes {
  const codes = Array.from({ length: COUNT }, newCode)
  return { codes, digests: codes.map((code) => digestOf(code.replaceAll('-', ''))) }
}

/**
 * The recovery code in what was typed, in its one form; `undefined` if it is not shaped like one. Capitals, spaces and
 * dashes do not matter, nor do letters that are read for digits (`o`, `i`, `l`).
 */
export function recoveryCodeIn(typed: string): string | undefined {
  const code = typed.replace(/[\s-]/g, '').toLowerCase().replaceAll('o', '0').replace(/[il]/g, '1')
  return CODE.test(code) ? code : undefined
}

/**
 * The codes that are left when one is used; `undefined` if it is none of them. Constant time in what is kept.
 *
 * @param code as {@link recoveryCodeIn} gives it
 */
export function withoutRecoveryCode(digests: readonly string[], code: string): readonly string[] | undefined {
  const given = Buffer.from(digestOf(code))
  const left = digests.filter((digest) => !isSame(given, Buffer.from(digest)))
  return left.length < digests.length ? left : undefined
}

function newCode(): string {
  // 32 letters: every byte gives five unbiased bits.
  const text = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
  return (text.match(GROUPS) ?? []).join('-')
}

function digestOf(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
