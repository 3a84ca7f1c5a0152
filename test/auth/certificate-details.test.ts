import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import fc from 'fast-check'
import { admitCertificate, type Trust } from '../../src/auth/certificate.ts'
import { certificateDetails } from '../../src/auth/certificate-details.ts'
import { foreignRule, ownRule } from '../../src/auth/mapping.ts'
import { der, DER, derChildren, derOid, readDer } from '../../src/pki/der.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { caOf, CLIENT_EXTENSIONS, type OpensslCa } from '../support/openssl-ca.ts'

let directory: string
let authority: TestAuthority
let ca: OpensslCa
let trust: Trust
let good: Buffer
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  authority = await testAuthority(directory)
  ca = caOf(directory, 'own', authority.files.issuing, authority.files.issuingKey)
  trust = await authority.trust()
  good = new X509Certificate((await authority.client('billing')).cert).raw
})
after(async () => rm(directory, { recursive: true }))

const detailsOf = (...extensions: readonly string[]) =>
  certificateDetails(new X509Certificate(ca.issue({ extensions }).pem).raw)

test('what openssl wrote is read: extensions, usages, constraints, every kind of name', () => {
  const details = detailsOf(
    ...CLIENT_EXTENSIONS,
    '1.2.3.4 = critical, ASN1:UTF8String:x',
    'subjectAltName = URI:spiffe://a/b, DNS:c.example, email:d@e.example, IP:10.0.0.1, IP:::1, RID:1.2.3',
  )
  assert.ok(details)
  assert.deepEqual(details.basicConstraints, { ca: false })
  assert.deepEqual([...(details.keyUsage ?? [])], [0])
  assert.deepEqual(details.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])
  assert.equal(details.signature.oid, '1.2.840.10045.4.3.2')
  assert.deepEqual(details.names, [
    { type: 'uri', value: 'spiffe://a/b' },
    { type: 'dns', value: 'c.example' },
    { type: 'email', value: 'd@e.example' },
    { type: 'address', value: '\n\0\0\u0001' },
    { type: 'address', value: `${'\0'.repeat(15)}\u0001` },
    { type: 'other', value: '*\u0003' },
  ])
  assert.deepEqual(details.extensions.get('1.2.3.4'), {
    oid: '1.2.3.4',
    critical: true,
    value: Buffer.from('\u000c\u0001x'),
  })
  assert.equal(details.extensions.get('2.5.29.37')?.critical, false)
})

test('what is not there is absent, and an identifier of any size is read', () => {
  const details = detailsOf('2.25.91684912260281503658017355095793292550 = ASN1:NULL', '2.999.1 = ASN1:NULL')
  assert.ok(details)
  assert.deepEqual([details.keyUsage, details.extendedKeyUsage, details.names], [undefined, undefined, []])
  assert.ok(details.extensions.has('2.25.91684912260281503658017355095793292550'))
  assert.ok(details.extensions.has('2.999.1'))
  const authorities = certificateDetails(new X509Certificate(authority.issuingPem).raw)
  assert.deepEqual(authorities?.basicConstraints, { ca: true, pathLength: 0 })
  assert.deepEqual([...(authorities?.keyUsage ?? [])], [5, 6])
})

/** A certificate with other extensions; what it is signed with does not matter here. */
function withExtensions(change: (extensions: readonly Buffer[]) => readonly Buffer[]): Buffer {
  const [body, algorithm, signature] = derChildren(readDer(good))
  assert.ok(body && algorithm && signature)
  const fields = derChildren(body)
  const extensions = fields.at(-1)
  assert.ok(extensions)
  const [list] = derChildren(extensions)
  assert.ok(list)
  const changed = change(derChildren(list).map(({ raw }) => raw))
  const parts = [...fields.slice(0, -1).map(({ raw }) => raw), der(0xa3, der(DER.sequence, ...changed))]
  return der(DER.sequence, der(DER.sequence, ...parts), algorithm.raw, signature.raw)
}

const extension = (oid: string, value: Buffer, ...flag: readonly Buffer[]) =>
  der(DER.sequence, derOid(oid), ...flag, der(DER.octetString, value))
const hex = (text: string) => Buffer.from(text, 'hex')

test('what is odd is not read at all', () => {
  assert.ok(certificateDetails(withExtensions((all) => all)))
  const names = (count: number) =>
    der(DER.sequence, ...Array.from({ length: count }, () => der(0x82, Buffer.from('a'))))
  const odd: Record<string, Buffer> = {
    'an extension twice': withExtensions((all) => [...all, ...all.slice(0, 1)]),
    'FALSE, which is the default': withExtensions((all) => [
      ...all,
      extension('1.2.3', hex('0500'), hex('010100')),
    ]),
    'TRUE as another number': withExtensions((all) => [
      ...all,
      extension('1.2.3', hex('0500'), hex('010101')),
    ]),
    'too many extensions': withExtensions(() =>
      Array.from({ length: 33 }, (_, index) => extension(`1.2.${index + 1}`, hex('0500'))),
    ),
    'too many names': withExtensions(() => [extension('2.5.29.17', names(33))]),
    'key usage with zero bits at its end': withExtensions(() => [extension('2.5.29.15', hex('03020080'))]),
    'key usage with bits behind its end': withExtensions(() => [extension('2.5.29.15', hex('030207ff'))]),
    'constraints that say FALSE': withExtensions(() => [extension('2.5.29.19', hex('3003010100'))]),
    'a length without a CA': withExtensions(() => [extension('2.5.29.19', hex('3003020100'))]),
    'a negative length': withExtensions(() => [extension('2.5.29.19', hex('30060101ff0201ff'))]),
    'something behind a value': withExtensions(() => [
      extension('2.5.29.17', Buffer.concat([names(1), hex('00')])),
    ]),
    'an indefinite length': withExtensions(() => [extension('2.5.29.17', hex('30808201610000'))]),
    'a length that is longer than it must be': withExtensions(() => [
      extension('2.5.29.17', hex('308103820161')),
    ]),
    'an identifier with a padded arc': withExtensions((all) => [
      ...all,
      der(DER.sequence, hex('06042a800304'), der(DER.octetString, hex('0500'))),
    ]),
    'something behind the certificate': Buffer.concat([good, hex('00')]),
    nothing: Buffer.alloc(0),
  }
  for (const [what, raw] of Object.entries(odd)) assert.equal(certificateDetails(raw), undefined, what)
})

test('version 1, a serial that is negative or none, unique identifiers, two algorithms: not read', () => {
  const [body, algorithm, signature] = derChildren(readDer(good))
  assert.ok(body && algorithm && signature)
  const [version, serial, ...rest] = derChildren(body).map(({ raw }) => raw)
  assert.ok(version && serial)
  const extensions = rest.slice(-1)
  const made = (parts: readonly Buffer[], outer = algorithm.raw) =>
    der(DER.sequence, der(DER.sequence, ...parts), outer, signature.raw)
  assert.ok(certificateDetails(made([version, serial, ...rest])))
  const other = der(DER.sequence, derOid('1.2.840.10045.4.3.3'))
  for (const raw of [
    made([serial, ...rest]),
    made([serial, ...rest.slice(0, -1)]),
    made([hex('a003020101'), serial, ...rest]),
    made([hex('a003020103'), serial, ...rest]),
    ...['0200', '0201ff', '02020001', `0216${'7f'.repeat(22)}`].map((text) =>
      made([version, hex(text), ...rest]),
    ),
    made([version, serial, ...rest.slice(0, -1), hex('820200ff'), ...extensions]),
    made([version, serial, ...rest, ...extensions]),
    made([version, serial, ...rest], other),
  ])
    assert.equal(certificateDetails(raw), undefined)
})

test('mutated certificates never throw, never take long, and never name anybody', () => {
  const rules = [
    ownRule('sallyport.internal'),
    foreignRule(['corp.example'], { from: 'subject', attribute: 'CN', kind: 'user' }),
  ]
  const change = fc.record({
    at: fc.nat(good.length - 1),
    octets: fc.uint8Array({ maxLength: 4 }),
    drop: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const raw = changes.reduce(
        (bytes, { at, octets, drop }) =>
          Buffer.concat([bytes.subarray(0, at), octets, bytes.subarray(at + drop)]),
        good,
      )
      const started = process.cpuUsage()
      const details = certificateDetails(raw)
      if (details !== undefined) for (const rule of rules) rule.principalIn(details)
      const { user } = process.cpuUsage(started)
      assert.ok(user < 100_000, `${user} us`)
      const certificate = parsed(raw)
      // Node passes over what comes after a certificate.
      if (certificate === undefined || certificate.raw.equals(good)) return
      const { outcome } = admitCertificate({ kind: 'verified', certificate }, trust, Date.now())
      assert.equal(outcome.kind, 'refused')
    }),
    { numRuns: 3000 },
  )
})

test('anything at all, and anything that is nested, is read in no time', () => {
  const nested = fc.letrec<{ node: Buffer }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 6 },
      fc.uint8Array({ maxLength: 12 }).map((octets) => der(DER.octetString, octets)),
      fc
        .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa3, 0x03, 0x06), fc.array(tie('node'), { maxLength: 9 }))
        .map(([tag, inside]) => der(tag, ...inside)),
    ),
  })).node
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array().map(Buffer.from), nested), (raw) => {
      assert.equal(certificateDetails(raw), undefined)
    }),
  )
  const deep = Array.from({ length: 10_000 }).reduce<Buffer>(
    (inside) => der(DER.sequence, inside),
    Buffer.alloc(0),
  )
  const many = der(DER.sequence, Buffer.alloc(60_000, hex('0500')))
  for (const raw of [deep, many, Buffer.alloc(64 * 1024, 0x30), Buffer.alloc(1_000_000)])
    assert.equal(certificateDetails(raw), undefined)
})

test('the roots of the public Web are read', () => {
  for (const pem of rootCertificates) {
    const { raw, subject } = new X509Certificate(pem)
    assert.equal(certificateDetails(raw)?.basicConstraints?.ca, true, subject)
  }
})

function parsed(raw: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(raw)
  } catch {
    return undefined
  }
}
