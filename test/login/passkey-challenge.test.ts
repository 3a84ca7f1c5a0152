import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CHALLENGE_LIFE,
  challengeId,
  newChallenge,
  type ChallengeUse,
} from '../../src/login/passkey-challenge.ts'

const [KEY, OLDER] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))]
const NOW = 1_763_712_000_000
const WHOM = { use: 'get', holder: 'visitor:abc' } as const

test('a challenge is good for whom it was made, until its end, and not a moment longer', () => {
  const challenge = newChallenge(WHOM, NOW, [KEY])
  assert.match(challenge, /^[A-Za-z0-9_-]{72}$/)
  const id = challengeId(challenge, WHOM, NOW, [KEY])
  assert.match(id ?? '', /^[0-9a-f]{44}$/)
  assert.equal(challengeId(challenge, WHOM, NOW + CHALLENGE_LIFE - 1, [KEY]), id)
  assert.equal(challengeId(challenge, WHOM, NOW + CHALLENGE_LIFE, [KEY]), undefined)
})

test('nobody else, and nothing else, can use it', () => {
  const uses: fc.Arbitrary<ChallengeUse> = fc.constantFrom('create', 'get')
  fc.assert(
    fc.property(fc.string(), uses, fc.string(), uses, (holder, use, other, otherUse) => {
      const challenge = newChallenge({ holder, use }, NOW, [KEY])
      const isSame = holder === other && use === otherUse
      const id = challengeId(challenge, { holder: other, use: otherUse }, NOW, [KEY])
      assert.equal(id !== undefined, isSame)
    }),
  )
})

test('no bit of it can be changed', () => {
  const bytes = Buffer.from(newChallenge(WHOM, NOW, [KEY]), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(challengeId(changed.toString('base64url'), WHOM, NOW, [KEY]), undefined)
  }
})

test('what has another form is none', () => {
  const challenge = newChallenge(WHOM, NOW, [KEY])
  for (const text of [
    '',
    challenge.slice(1),
    `${challenge}A`,
    `${challenge}=`,
    challenge.replace(/.$/, '+'),
    'A'.repeat(72),
  ])
    assert.equal(challengeId(text, WHOM, NOW, [KEY]), undefined, text)
})

test('the newest key makes them, and the older ones still know theirs', () => {
  const challenge = newChallenge(WHOM, NOW, [OLDER])
  assert.ok(challengeId(challenge, WHOM, NOW, [KEY, OLDER]) !== undefined)
  assert.equal(challengeId(challenge, WHOM, NOW, [KEY]), undefined)
})

test('ids are in the order of the ends, and no two are the same', () => {
  const idAt = (now: number): string => challengeId(newChallenge(WHOM, now, [KEY]), WHOM, now, [KEY]) ?? ''
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.nat(2 ** 40), (one, other) => {
      if (one < other) assert.ok(idAt(one) < idAt(other))
    }),
  )
  assert.equal(new Set(Array.from({ length: 1_000 }, () => idAt(NOW))).size, 1_000)
})
