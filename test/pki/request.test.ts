import assert from 'node:assert/strict'
import { X509Certificate, webcrypto } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { CEILING_OID } from '../../src/pki/ceiling.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { newKeyPair } from '../../src/pki/key.ts'
import { pemBlocks, pemOf } from '../../src/pki/pem.ts'
import { readRequest } from '../../src/pki/request.ts'
import { Pkcs10CertificateRequestGenerator } from '../../src/pki/x509.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const URI = 'spiffe://sallyport.internal/service/billing'
const IDENTITY = { uri: URI, name: 'billing' }
const KEYS = {
  'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  Ed25519: ['ed25519'],
} as const
const EVERYTHING_GIVEN = [
  `subjectAltName=URI:${URI}`,
  'extendedKeyUsage=clientAuth',
  'keyUsage=critical,digitalSignature',
  'basicConstraints=critical,CA:FALSE',
]

interface Wanted {
  readonly key?: readonly string[]
  readonly subject?: string
  readonly extensions?: readonly string[]
  /** Lines of the section of attributes. */
  readonly attributes?: readonly string[]
  readonly more?: readonly string[]
}

/** A request that the real openssl makes. */
async function made(t: TestContext, wanted: Wanted = {}): Promise<string> {
  const directory = await temporaryDirectory(t)
  const path = (name: string): string => join(directory, name)
  const { key = KEYS['P-256'], subject = '/CN=billing', extensions = [], attributes = [], more = [] } = wanted
  const config = [
    '[req]',
    'prompt=no',
    'distinguished_name=dn',
    'attributes=attributes',
    '[dn]',
    'CN=billing',
  ]
  await writeFile(path('config'), [...config, '[attributes]', ...attributes, ''].join('\n'))
  // Told the subject, openssl passes over the attributes.
  const named = attributes.length === 0 ? ['-subj', subject] : []
  const asked = [...named, ...extensions.flatMap((extension) => ['-addext', extension]), ...more]
  const files = ['-keyout', path('key.pem'), '-out', path('request.pem')]
  const command = ['req', '-new', '-batch', '-nodes', '-config', path('config'), '-newkey', ...key]
  const { ok, output } = openssl(...command, ...asked, ...files)
  assert.ok(ok, output)
  return await readFile(path('request.pem'), 'utf8')
}

async function refused(pem: string, message: RegExp): Promise<void> {
  await assert.rejects(readRequest(pem, IDENTITY), (error) => {
    assert.ok(isSallyportError(error, 'CERTIFICATE_REQUEST_REFUSED'), String(error))
    assert.match(error.message, message)
    return true
  })
}

describe('a certificate request', () => {
  for (const [name, key] of Object.entries(KEYS))
    it(`gives its ${name} key, and the certificate for it names whom the issuer named`, async (t) => {
      const pem = await made(t, { key, extensions: EVERYTHING_GIVEN })
      const { publicKey } = await readRequest(pem, IDENTITY)
      const { issuing } = await newAuthority('sallyport.internal', Date.now())
      const identity = { trustDomain: 'sallyport.internal', kind: 'service', name: 'billing' } as const
      const issued = await issueClient(signerOf(issuing), identity, 60_000, Date.now(), { publicKey })
      assert.deepEqual(Object.keys(issued).toSorted(), ['certificate', 'entry', 'expiresAt'], 'no key')
      const certificate = new X509Certificate(issued.certificate)
      const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', publicKey))
      assert.ok(certificate.publicKey.export({ format: 'der', type: 'spki' }).equals(spki))
      assert.equal(certificate.subjectAltName, `URI:${URI}`)
    })

  const accepted: readonly (readonly [string, Wanted])[] = [
    ['that asks for nothing', {}],
    ['without a subject', { subject: '/' }],
    ['of a P-384 key signed with SHA-256', { key: KEYS['P-384'], more: ['-sha256'] }],
    ['signed with SHA-512', { more: ['-sha512'] }],
    ['under the label of older programs', { more: ['-newhdr'] }],
    ['that asks for a part of what is given', { extensions: ['extendedKeyUsage=critical,clientAuth'] }],
  ]
  for (const [what, wanted] of accepted)
    it(`${what} is accepted`, async (t) => {
      await readRequest(await made(t, wanted), IDENTITY)
    })

  const cases: readonly (readonly [what: string, wanted: Wanted, message: RegExp])[] = [
    ['with an RSA key', { key: ['rsa:2048'] }, /none of p256, p384, ed25519/],
    ['with a P-521 key', { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'] }, /none of p256, p384/],
    ['with a secp256k1 key', { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] }, /none of p256/],
    [
      'with a curve spelled out',
      { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'] },
      /none of p256/,
    ],
    ['signed with SHA-1', { more: ['-sha1'] }, /ECDSA with SHA-256 or better/],
    ['with the subject of another', { subject: '/CN=admin' }, /subject of its own: .*CN=billing/],
    ['with more in its subject', { subject: '/O=Acme/CN=billing' }, /subject of its own/],
    ['with two common names', { subject: '/CN=billing/CN=admin' }, /subject of its own/],
    ['with two names in one part', { subject: '/CN=billing+CN=admin' }, /subject of its own/],
    ['with an organization only', { subject: '/O=billing' }, /subject of its own/],
    ['for a CA', { extensions: ['basicConstraints=critical,CA:TRUE'] }, /asks to be a CA/],
    ['with a path length', { extensions: ['basicConstraints=CA:TRUE,pathlen:0'] }, /asks to be a CA/],
    [
      'for another identity',
      { extensions: ['subjectAltName=URI:spiffe://sallyport.internal/user/admin'] },
      /other names than spiffe:/,
    ],
    ['for a second name', { extensions: [`subjectAltName=URI:${URI},DNS:billing.example`] }, /other names/],
    ['for the same name twice', { extensions: [`subjectAltName=URI:${URI},URI:${URI}`] }, /other names/],
    ['for a DNS name', { extensions: ['subjectAltName=DNS:localhost'] }, /other names/],
    ['for a server', { extensions: ['extendedKeyUsage=serverAuth'] }, /other purposes than clientAuth/],
    ['for more purposes', { extensions: ['extendedKeyUsage=clientAuth,serverAuth'] }, /other purposes/],
    ['for any purpose', { extensions: ['extendedKeyUsage=anyExtendedKeyUsage'] }, /other purposes/],
    ['for signing certificates', { extensions: ['keyUsage=keyCertSign'] }, /other key usages/],
    ['for more usages', { extensions: ['keyUsage=digitalSignature,keyAgreement'] }, /other key usages/],
    [
      'for a ceiling',
      { extensions: [`${CEILING_OID}=DER:3003130161`] },
      /extension that is not given \(1\.2\.840/,
    ],
    [
      'for an extension of its own',
      { extensions: ['1.2.3.4=ASN1:UTF8String:x'] },
      /not given \(1\.2\.3\.4\)/,
    ],
    [
      'for name constraints',
      { extensions: ['nameConstraints=permitted;DNS:a'] },
      /not given \(2\.5\.29\.30\)/,
    ],
    ['with a challenge password', { attributes: ['challengePassword=secret'] }, /challenge password/],
    ['with an unknown attribute', { attributes: ['unstructuredName=x'] }, /attribute that is unknown/],
    [
      'with a challenge password beside good extensions',
      { attributes: ['challengePassword=secret'], extensions: EVERYTHING_GIVEN },
      /challenge password/,
    ],
  ]
  for (const [what, wanted, message] of cases)
    it(`${what} is refused`, async (t) => await refused(await made(t, wanted), message))

  it('that is none, or two, or too long, or cut short is refused', async (t) => {
    const pem = await made(t)
    const [block] = pemBlocks(pem)
    assert.ok(block)
    await refused('', /not one PEM block/)
    await refused('garbage', /not one PEM block/)
    await refused(pem + pem, /not one PEM block/)
    await refused(pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'), /not one PEM block/)
    await refused(pem.slice(0, -30), /cannot be read/)
    await refused(' '.repeat(16 * 1024) + pem, /too long/)
    await refused(pemOf('CERTIFICATE REQUEST', Buffer.concat([block.der, Buffer.of(0)])), /cannot be read/)
    await refused(pemOf('CERTIFICATE REQUEST', block.der.subarray(0, -1)), /cannot be read/)
  })

  it('signed by another key is refused: the proof that the key is held', async (t) => {
    const [one, other] = [pemBlocks(await made(t))[0]?.der, pemBlocks(await made(t))[0]?.der]
    assert.ok(one && other)
    const key = (der: Buffer): Buffer =>
      der.subarray(der.indexOf(Buffer.from('034200', 'hex')) + 3).subarray(0, 65)
    const swapped = Buffer.from(one)
    key(other).copy(key(swapped))
    await refused(pemOf('CERTIFICATE REQUEST', swapped), /not signed by its own key/)
  })

  it('with a second list of extensions, or two in one, or none, is refused', async () => {
    const { privateKey, publicKey } = await newKeyPair('ed25519')
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', publicKey))
    const sequence = (tag: number, ...inside: readonly Buffer[]): Buffer => {
      const content = Buffer.concat(inside)
      return Buffer.concat([Buffer.of(tag, 0x81, content.length), content])
    }
    const attribute = Buffer.from('300f06092a864886f70d01090e31023000', 'hex')
    for (const attributes of [
      [attribute, attribute],
      [Buffer.from('301106092a864886f70d01090e310430003000', 'hex')],
      [Buffer.from('300d06092a864886f70d01090e3100', 'hex')],
      [attribute, Buffer.from('300d06092a864886f70d01090e3100', 'hex')],
    ]) {
      const inside = Buffer.concat(attributes)
      const content = Buffer.concat([
        Buffer.from('0201003000', 'hex'),
        spki,
        Buffer.of(0xa0, inside.length),
        inside,
      ])
      const info = Buffer.concat([Buffer.of(0x30, content.length), content])
      const signature = Buffer.from(await webcrypto.subtle.sign('Ed25519', privateKey, info))
      const rest = Buffer.concat([Buffer.from('300506032b6570034100', 'hex'), signature])
      await refused(pemOf('CERTIFICATE REQUEST', sequence(0x30, info, rest)), /list of extensions once/)
    }
  })
})

describe('a certificate request that was tampered with', () => {
  let good: Buffer
  before(async () => {
    const keys = await newKeyPair('ed25519')
    const request = await Pkcs10CertificateRequestGenerator.create({
      keys,
      signingAlgorithm: { name: 'Ed25519' },
    })
    good = Buffer.from(request.rawData)
    await readRequest(pemOf('CERTIFICATE REQUEST', good), IDENTITY)
  })

  /** One change of some octets: replaced, cut out, repeated, or others put in. */
  const change = fc.record({
    kind: fc.constantFrom('replace', 'delete', 'insert', 'repeat', 'length'),
    at: fc.nat(400),
    octets: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    times: fc.nat(200),
  })

  it('is refused, in no time, and never answered otherwise', async () => {
    let slowest = 0
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const mutated = changes.reduce((der, { kind, at, octets, times }) => {
          const from = at % Math.max(1, der.length)
          const [head, tail] = [der.subarray(0, from), der.subarray(from)]
          if (kind === 'replace') return Buffer.concat([head, octets, tail.subarray(octets.length)])
          if (kind === 'delete') return Buffer.concat([head, tail.subarray(octets.length)])
          if (kind === 'insert') return Buffer.concat([head, octets, tail])
          if (kind === 'length') return Buffer.concat([head, Buffer.of(0x84, 0xff, 0xff, 0xff, 0xff), tail])
          return Buffer.concat([head, ...Array.from({ length: times }, () => Buffer.from(octets)), tail])
        }, good)
        const pem = pemOf('CERTIFICATE REQUEST', mutated)
        const start = process.cpuUsage()
        const outcome = await readRequest(pem, IDENTITY).then(
          () => 'accepted',
          (error: unknown) => (isSallyportError(error, 'CERTIFICATE_REQUEST_REFUSED') ? 'refused' : error),
        )
        const { user, system } = process.cpuUsage(start)
        slowest = Math.max(slowest, user + system)
        assert.equal(outcome, mutated.equals(good) ? 'accepted' : 'refused')
      }),
      { numRuns: 3000, seed: 20_261_121 },
    )
    assert.ok(slowest < 50_000, `the slowest took ${slowest} us of CPU`)
  })

  it('is refused however deep, wide or long its elements are', async () => {
    const wrap = (inside: Buffer): Buffer =>
      Buffer.concat([Buffer.of(0x30, 0x82, inside.length >> 8, inside.length & 0xff), inside])
    let deep: Buffer = Buffer.alloc(0)
    while (deep.length < 11_000) deep = wrap(deep)
    const oid = Buffer.concat([Buffer.of(0x06, 0x82, 0x2a, 0xf8), Buffer.alloc(11_000, 0xff)])
    for (const der of [deep, wrap(Buffer.alloc(11_000)), wrap(Buffer.alloc(11_000, 0x30)), oid, wrap(oid)])
      await refused(pemOf('CERTIFICATE REQUEST', der), /cannot be read|wrong shape/)
  })
})
