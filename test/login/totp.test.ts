import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from 'otpauth'
import { newTotpSecret, totpCodeIn, totpStepOf, totpUri } from '../../src/login/totp.ts'
import { totpCode } from '../support/totp.ts'

/** RFC 6238, appendix B, the column of SHA-1; of the eight digits there the last six are a code of six. */
const SECRET = Secret.fromLatin1('12345678901234567890').base32
const VECTORS = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const

describe('a time-based one-time password', () => {
  test('is that of RFC 6238', () => {
    for (const [seconds, digits] of VECTORS)
      assert.equal(totpStepOf(SECRET, digits.slice(2), seconds * 1_000), Math.floor(seconds / 30))
  })

  test('ASVS 6.5.5: it is good in its step and one step to each side, and no further', () => {
    const now = 1_700_000_000_000
    const step = Math.floor(now / 30_000)
    const found = [-3, -2, -1, 0, 1, 2, 3].map((offset) =>
      totpStepOf(SECRET, totpCode(SECRET, now + offset * 30_000), now),
    )
    assert.deepEqual(found, [undefined, undefined, step - 1, step, step + 1, undefined, undefined])
  })

  test('ASVS 6.5.8: it is judged by the time that is given, to the millisecond', () => {
    const end = 56_666_667 * 30_000
    const code = totpCode(SECRET, end - 1)
    assert.notEqual(totpStepOf(SECRET, code, end + 29_999), undefined)
    assert.equal(totpStepOf(SECRET, code, end + 30_000), undefined)
  })

  test('is six ASCII digits; spaces are for reading, and nothing else is', () => {
    assert.equal(totpCodeIn(' 123 456 '), '123456')
    const others = [
      '',
      '12345',
      '1234567',
      '12345a',
      '１２３４５６',
      '١٢٣٤٥٦',
      '123-456',
      '123\n456',
      '+12345',
    ]
    for (const typed of others) assert.equal(totpCodeIn(typed), undefined, JSON.stringify(typed))
  })

  test('ASVS 6.5.3: every secret has 160 bits of its own', () => {
    const secrets = new Set(Array.from({ length: 1_000 }, newTotpSecret))
    assert.equal(secrets.size, 1_000)
    for (const secret of secrets) assert.match(secret, /^[A-Z2-7]{32}$/)
  })

  test('has a URI that apps read, for whatever name', () => {
    const uri = new URL(totpUri('corp.example/alice', SECRET))
    assert.match(uri.href, /^otpauth:\/\/totp\/Sallyport:corp\.example%2Falice\?/)
    assert.deepEqual(Object.fromEntries(uri.searchParams), {
      issuer: 'Sallyport',
      secret: SECRET,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })
})
