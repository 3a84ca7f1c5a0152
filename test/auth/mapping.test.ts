import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CertificateDetails, GeneralName } from '../../src/auth/certificate-details.ts'
import { foreignRule, mappingFault, ownRule, type PrincipalMapping } from '../../src/auth/mapping.ts'
import { der, DER, derOid, derText } from '../../src/pki/der.ts'

const OWN = 'sallyport.internal'
const DOMAINS = ['corp.example', 'b.example']

/** What a certificate says, as far as a rule looks at it. */
function saying(names: readonly GeneralName[], commonNames: readonly string[] = []): CertificateDetails {
  const subject = commonNames.map((name) => der(DER.set, der(DER.sequence, derOid('2.5.4.3'), derText(name))))
  const signature = { oid: '', parameters: Buffer.alloc(0) }
  return { signature, subject: Buffer.concat(subject), extensions: new Map(), names }
}

const uri = (value: string): GeneralName => ({ type: 'uri', value })

const part = fc.constantFrom(
  'user',
  'service',
  'admin',
  'a',
  '',
  '.',
  '..',
  '*',
  '%61',
  'Ä',
  ':',
  'a b',
  '\0',
  OWN,
  ...DOMAINS,
)
const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('/'))
const value = fc.oneof(
  fc.tuple(part, part).map(([kind, name]) => `spiffe://${OWN}/${kind}/${name}`),
  path.map((text) => `spiffe://${text}`),
  fc.tuple(part, part).map(([local, host]) => `${local}@${host}`),
  path,
  fc.string(),
)
const name = fc.record({
  type: fc.constantFrom<GeneralName['type'][]>('uri', 'dns', 'email', 'other'),
  value,
})
const details = fc
  .tuple(fc.array(name, { maxLength: 3 }), fc.array(value, { maxLength: 2 }))
  .map(([names, subject]) => saying(names, subject))
const mapping = fc.constantFrom<PrincipalMapping[]>(
  { from: 'uri' },
  { from: 'uri', kind: 'agent' },
  { from: 'dns', kind: 'service' },
  { from: 'email', kind: 'user' },
  { from: 'subject', attribute: 'CN', kind: 'user' },
)

test('a foreign rule names nobody but principals of its own domains, ours nobody but ours', () => {
  const named = { ours: 0, foreign: 0 }
  fc.assert(
    fc.property(details, mapping, (said, rule) => {
      const foreign = foreignRule(DOMAINS, rule).principalIn(said)
      if (foreign !== undefined) {
        named.foreign += 1
        assert.ok(
          DOMAINS.some((domain) => foreign.name.startsWith(`${domain}/`)),
          foreign.id,
        )
      }
      const ours = ownRule(OWN).principalIn(said)
      if (ours !== undefined) {
        named.ours += 1
        assert.ok(!ours.name.includes('/') && said.names.length === 1, ours.id)
      }
    }),
    { numRuns: 20_000 },
  )
  assert.ok(named.ours > 0 && named.foreign > 0, JSON.stringify(named))
})

test('two certificates that a rule names alike say the same, but for the case of hosts', () => {
  fc.assert(
    fc.property(value, value, mapping, (one, other, rule) => {
      const type = rule.from === 'subject' ? 'other' : rule.from
      const read = (text: string) =>
        foreignRule(DOMAINS, rule).principalIn(saying([{ type, value: text }], [text]))?.id
      if (read(one) !== undefined && read(one) === read(other))
        assert.equal(one.toLowerCase(), other.toLowerCase())
    }),
    { numRuns: 5_000 },
  )
})

test('a pattern takes the whole value: one star a segment, two of them anything', () => {
  const takes = (match: string, text: string) =>
    foreignRule(DOMAINS, { from: 'uri', kind: 'user', match }).principalIn(saying([uri(text)])) !== undefined
  assert.ok(takes('spiffe://corp.example/ci/*', 'spiffe://corp.example/ci/a'))
  assert.ok(!takes('spiffe://corp.example/ci/*', 'spiffe://corp.example/ci/a/b'))
  assert.ok(takes('spiffe://corp.example/ci/**', 'spiffe://corp.example/ci/a/b'))
  assert.ok(!takes('spiffe://corp.example/ci/*', 'spiffe://corpXexample/ci/a'))
  assert.ok(!takes('spiffe://corp.example/ci/*', 'spiffe://corp.example/ci/'))
  assert.ok(!takes('spiffe://corp.example/ci', 'spiffe://corp.example/ci/a'))
  assert.ok(!takes('corp.example/ci/*', 'spiffe://corp.example/ci/a'))
  assert.ok(!takes('spiffe://corp.example/[a-z]+', 'spiffe://corp.example/abc'))
})

test('a pattern takes its time, and no more, whatever it is given', () => {
  const rule = foreignRule(['corp.example'], { from: 'email', kind: 'user', match: '**a**a**a**b' })
  const started = process.cpuUsage()
  for (const length of [240, 60_000])
    assert.equal(
      rule.principalIn(saying([{ type: 'email', value: `${'a'.repeat(length)}@a.example` }])),
      undefined,
    )
  const { user } = process.cpuUsage(started)
  assert.ok(user < 50_000, `${user} us`)
})

test('what a mapping needs is told', () => {
  assert.equal(mappingFault(DOMAINS, { from: 'uri' }), undefined)
  assert.equal(mappingFault(['a'], { from: 'subject', attribute: 'CN', kind: 'user' }), undefined)
  assert.match(mappingFault(DOMAINS, { from: 'dns', kind: 'user' }) ?? '', /exactly one/)
  assert.match(mappingFault([], { from: 'uri' }) ?? '', /no trust domain/)
})
