import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { before, test } from 'node:test'
import { endingSoon } from '../../src/cli/ending-soon.ts'
import { warnDaily } from '../../src/cli/warn-daily.ts'
import { newAuthority } from '../../src/pki/authority.ts'
import { certificatePem } from '../../src/pki/certify.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR

let issuer: X509Certificate
before(async () => {
  issuer = new X509Certificate(
    certificatePem((await newAuthority('sallyport.internal', NOW)).issuing.certificate),
  )
})

const kinds = (...args: Parameters<typeof endingSoon>): readonly string[] =>
  endingSoon(...args).map(({ kind }) => kind)

test('the server certificate is told from 14 days before its end, and after it', () => {
  assert.deepEqual(kinds(NOW + 14 * DAY + 1, [], NOW), [])
  for (const end of [NOW + 14 * DAY, NOW + 1, NOW, NOW - DAY])
    assert.deepEqual(kinds(end, [], NOW), ['server certificate ends soon'])
  assert.match(
    endingSoon(NOW, [], NOW)[0]?.message ?? '',
    /ends at 2026-11-21T10:00:00\.000Z.*issue-server-cert/,
  )
})

test('a revocation list is told from two thirds of its life, each with its CA', () => {
  const far = NOW + 100 * DAY
  const list = (thisUpdate: number, nextUpdate: number) => ({ issuer, thisUpdate, nextUpdate })
  assert.deepEqual(kinds(far, [list(NOW - 20 * DAY + 1, NOW + 10 * DAY + 1)], NOW), [])
  assert.deepEqual(kinds(far, [list(NOW - 20 * DAY, NOW + 10 * DAY)], NOW), ['revocation list ends soon'])
  const [late] = endingSoon(far, [list(NOW - HOUR, NOW + DAY), list(NOW - 3 * DAY, NOW + DAY)], NOW)
  assert.match(late?.message ?? '', /Sallyport issuing CA" ends at 2026-11-22T10:00:00\.000Z/)
})

test('a warning is said at once, then once a day for as long as it holds', () => {
  const said: [string, number][] = []
  let time = NOW
  const warn = warnDaily((message) => said.push([message, (time - NOW) / HOUR]))
  for (; time <= NOW + 2 * DAY; time += HOUR) warn(time < NOW + DAY + HOUR ? ['one', 'two'] : ['one'], time)
  assert.deepEqual(said, [
    ['one', 0],
    ['two', 0],
    ['one', 24],
    ['two', 24],
    ['one', 48],
  ])
})
