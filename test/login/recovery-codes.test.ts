import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { newRecoveryCodes, recoveryCodeIn, withoutRecoveryCode } from '../../src/login/recovery-codes.ts'

describe('recovery codes', () => {
  test('ASVS 6.5.3: are ten at a time, of 120 random bits each, and none is ever made again', () => {
    const made = Array.from({ length: 100 }, newRecoveryCodes)
    const codes = made.flatMap((one) => one.codes)
    assert.equal(new Set(codes).size, 1_000)
    for (const code of codes) assert.match(code, /^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/)
    const letters = new Map<string, number>()
    for (const letter of codes.join('').replaceAll('-', ''))
      letters.set(letter, (letters.get(letter) ?? 0) + 1)
    // 750 of each of 32 are to be expected, with a deviation of 27.
    assert.equal(letters.size, 32)
    for (const [letter, count] of letters) assert.ok(count > 580 && count < 920, `${letter}: ${count}`)
  })

  test('ASVS 6.5.2: are kept as SHA-256 of at least 112 random bits, and as nothing else', () => {
    const { codes, digests } = newRecoveryCodes()
    for (const digest of digests) assert.match(digest, /^[0-9a-f]{64}$/)
    for (const code of codes) assert.ok(!digests.join().includes(code))
  })

  test('are found however they are typed', () => {
    const { codes } = newRecoveryCodes()
    fc.assert(
      fc.property(
        fc.constantFrom(...codes),
        fc.array(fc.tuple(fc.nat(40), fc.constantFrom(' ', '-', '\t', '\u00a0')), { maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
        (code, gaps, capitals) => {
          const gapped = gaps.reduce((text, [at, gap]) => text.slice(0, at) + gap + text.slice(at), code)
          const cased = Array.from(gapped, (letter, at) =>
            capitals[at] === true ? letter.toUpperCase() : letter,
          ).join('')
          assert.equal(recoveryCodeIn(cased), code.replaceAll('-', ''))
        },
      ),
    )
    assert.equal(recoveryCodeIn('OoIi LlAa-0000-0000-0000-0000'), '001111aa0000000000000000')
  })

  test('are none in other words', () => {
    const others = ['', '123456', 'a'.repeat(23), 'a'.repeat(25), `${'a'.repeat(23)}u`, `${'a'.repeat(23)}é`]
    for (const typed of others) assert.equal(recoveryCodeIn(typed), undefined, typed)
  })

  test('go one by one', () => {
    const { codes, digests } = newRecoveryCodes()
    let left: readonly string[] = digests
    for (const [at, code] of codes.entries()) {
      const typed = recoveryCodeIn(code) ?? ''
      left = withoutRecoveryCode(left, typed) ?? []
      assert.equal(left.length, 9 - at)
      assert.equal(withoutRecoveryCode(left, typed), undefined)
    }
  })
})
