import { randomBytes } from 'node:crypto'
import { isMacOf, macOf, type MacParts, type SealingKeys } from '../auth/mac.ts'

/** What a challenge is for: to make a passkey, or to prove that one is there. */
export type ChallengeUse = 'create' | 'get'

/** For whom and what a challenge is. */
export interface ChallengeFor {
  readonly use: ChallengeUse
  /** What only this browser holds (`form-guard.ts`). */
  readonly holder: string
}

/** A challenge is good for so long, in ms. */
export const CHALLENGE_LIFE: number = 5 * 60_000

const NONCE_LENGTH = 16
const END_LENGTH = 6
/** End, nonce and MAC: 54 bytes, whose base64url has no spare bits. */
const CHALLENGE = /^[A-Za-z0-9_-]{72}$/

/**
 * A new challenge, base64url. Nothing is stored, so that strangers cannot fill the store: it holds its own end, and a
 * MAC over that and over whom it is for.
 *
 * @param now ms since the epoch
 */
export function newChallenge(whom: ChallengeFor, now: number, keys: SealingKeys): string {
  const end = Buffer.alloc(END_LENGTH)
  end.writeUIntBE(now + CHALLENGE_LIFE, 0, END_LENGTH)
  const body = Buffer.concat([end, randomBytes(NONCE_LENGTH)])
  return Buffer.concat([body, macOf(partsOf(body, whom), keys[0])]).toString('base64url')
}

/**
 * The id of a challenge that was made for `whom` by one of `keys` and has not run out. Ids are in the order of their
 * ends. Constant time; fails closed: `undefined` for anything else.
 */
export function challengeId(
  challenge: string,
  whom: ChallengeFor,
  now: number,
  keys: SealingKeys,
): string | undefined {
  if (!CHALLENGE.test(challenge)) return undefined
  const bytes = Buffer.from(challenge, 'base64url')
  const body = bytes.subarray(0, END_LENGTH + NONCE_LENGTH)
  const mac = bytes.subarray(body.length)
  if (!isMacOf(mac, partsOf(body, whom), keys)) return undefined
  return now < body.readUIntBE(0, END_LENGTH) ? body.toString('hex') : undefined
}

function partsOf(body: Buffer, { use, holder }: ChallengeFor): MacParts {
  return ['sallyport-challenge-v1', use, holder, body.toString('hex')]
}
