import { randomInt } from 'node:crypto'

/** Letters and digits that are not mistaken for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const GROUPS = 4
const GROUP_LENGTH = 5

/** How long a one-time password is good, in ms. */
export const ONE_TIME_LIFE: number = 60 * 60_000

/** A new one-time password: 20 characters of 31, which is 99 bits, in groups that can be read out. */
export function newOneTimePassword(): string {
  const group = (): string =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}
