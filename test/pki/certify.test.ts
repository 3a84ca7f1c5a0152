import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serialText } from '../../src/pki/certify.ts'

describe('a serial as text', () => {
  const cases: readonly (readonly [hex: string, text: string])[] = [
    ['0a', '0A'],
    ['a', '0A'],
    ['00ff', 'FF'],
    ['0000000a', '0A'],
    ['00', '0'],
    ['0000', '0'],
    ['0', '0'],
    ['000100', '0100'],
    ['4f0102', '4F0102'],
  ]
  for (const [hex, text] of cases)
    it(`of ${hex} is ${text}: whole octets, no octet of zeros before it, and zero as node:crypto has it`, () =>
      assert.equal(serialText(hex), text))
})
