import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readClientCert } from '../../src/http/client-cert.ts'
import { headerText } from '../support/header-text.ts'

test('the byte sequence of any bytes is read as these bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
      assert.deepEqual(readClientCert(`:${Buffer.from(bytes).toString('base64')}:`), Buffer.from(bytes))
    }),
  )
})

const unreadable: [string, string][] = [
  ['the empty text', ''],
  ['an empty byte sequence', '::'],
  ['base64 without its colons', 'TUlJQg=='],
  ['one colon', ':TUlJQg=='],
  ['a list of two', ':TUlJQg==:, :TUlJQg==:'],
  ['a list with nothing in it', ':TUlJQg==:,'],
  ['parameters', ':TUlJQg==:;a=1'],
  ['spaces around it', ' :TUlJQg==: '],
  ['spaces in it', ':TUlJ Qg==:'],
  ['no padding', ':TUlJQg:'],
  ['stray bits', ':TUlJQh==:'],
  ['base64url', ':-_-_:'],
  ['more padding than there is', ':TUlJQg===:'],
  ['something after the padding', ':TUlJQg==TUlJ:'],
  ['a string', '"TUlJQg=="'],
  ['PEM', '-----BEGIN CERTIFICATE-----'],
  ['a null', '(null)'],
]
for (const [what, value] of unreadable)
  test(`${what} is not read`, () => {
    assert.equal(readClientCert(value), undefined)
  })

test('whatever is read has no other reading: it is written back as it came', () => {
  fc.assert(
    fc.property(headerText(':='), (value) => {
      const bytes = readClientCert(value)
      if (bytes !== undefined) assert.equal(`:${bytes.toString('base64')}:`, value)
    }),
    { numRuns: 1000 },
  )
})
