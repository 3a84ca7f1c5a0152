import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { readCrlContent, splitCrl } from '../../src/pki/crl-content.ts'
import { DER, readDer } from '../../src/pki/der.ts'
import { derTime, timeIn } from '../../src/pki/der-time.ts'
import { pemBlocks, pemOf } from '../../src/pki/pem.ts'
import { parseRevocationLists } from '../../src/pki/read-crl.ts'
import { isSallyportError } from '../../src/errors.ts'
import { testAuthority } from '../support/certificates.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A CA of OpenSSL's, with a list of three. */
async function opensslLists(
  directory: string,
  key: readonly string[],
  digest: string,
): Promise<[string, string]> {
  const at = (name: string): string => join(directory, name)
  const run = (...args: string[]): void => {
    const { ok, output } = openssl(...args)
    assert.ok(ok, output)
  }
  run(
    'req',
    '-x509',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/O=Corp/CN=Corp CA',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
    ...key,
  )
  await writeFile(
    at('ca.conf'),
    `
[ca]
default_ca = one
[one]
database = ${at('index.txt')}
crlnumber = ${at('number')}
default_md = ${digest}
default_crl_days = 3
crl_extensions = list
[list]
authorityKeyIdentifier = keyid
`,
  )
  await writeFile(at('number'), '0100\n')
  await writeFile(
    at('index.txt'),
    [
      ['R', '351231000000Z', '261101120000Z,keyCompromise', '0A', 'unknown', '/CN=one'],
      ['R', '351231000000Z', '261102120000Z', 'FF00', 'unknown', '/CN=two'],
      ['R', '351231000000Z', '261103120000Z,CACompromise', '7F1234', 'unknown', '/CN=three'],
    ]
      .map((fields) => `${fields.join('\t')}\n`)
      .join(''),
  )
  run(
    'ca',
    '-config',
    at('ca.conf'),
    '-gencrl',
    '-cert',
    at('ca.pem'),
    '-keyfile',
    at('ca.key'),
    '-out',
    at('crl.pem'),
  )
  return [await readFile(at('ca.pem'), 'utf8'), await readFile(at('crl.pem'), 'utf8')]
}

test('lists that OpenSSL signs with keys of every kind are read, with all that they say', async (t) => {
  const kinds: readonly (readonly [string, readonly string[], string])[] = [
    ['RSA', ['-newkey', 'rsa:2048'], 'sha256'],
    ['RSA, SHA-512', ['-newkey', 'rsa:2048'], 'sha512'],
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'sha384'],
    ['Ed25519', ['-newkey', 'ed25519'], 'default'],
  ]
  for (const [name, key, digest] of kinds) {
    const [ca, crl] = await opensslLists(await temporaryDirectory(t), key, digest)
    const [list] = await parseRevocationLists(crl, [new X509Certificate(ca)])
    assert.equal(list?.number, 256n, name)
    assert.deepEqual(list.entries, [
      { serial: '0A', at: Date.parse('2026-11-01T12:00:00Z'), reason: 'keyCompromise' },
      { serial: 'FF00', at: Date.parse('2026-11-02T12:00:00Z') },
      { serial: '7F1234', at: Date.parse('2026-11-03T12:00:00Z') },
    ])
    assert.equal(list.nextUpdate - list.thisUpdate, 3 * 86_400_000)
  }
})

test('a list signed with SHA-1 is signed by nobody', async (t) => {
  const [ca, crl] = await opensslLists(await temporaryDirectory(t), ['-newkey', 'rsa:2048'], 'sha1')
  await assert.rejects(parseRevocationLists(crl, [new X509Certificate(ca)]), /block 1 is not signed by a CA/)
})

test('of a list with any octet changed nothing is believed, and what is cut anywhere is refused', async (t) => {
  const ca = await testAuthority(await temporaryDirectory(t))
  await ca.client('gone', 'revoked')
  const authorities = [ca.issuingPem, ca.rootPem].map((pem) => new X509Certificate(pem))
  const [block] = pemBlocks(await ca.revocationLists())
  const der = block?.der ?? assert.fail()
  const refused = async (octets: Buffer): Promise<void> =>
    assert.rejects(parseRevocationLists(pemOf('X509 CRL', octets), authorities), (error) =>
      isSallyportError(error, 'CERTIFICATE_INVALID'),
    )
  for (let position = 0; position < der.length; position++) {
    const changed = Buffer.from(der)
    changed[position] = (changed[position] ?? 0) ^ (1 << (position % 8))
    await refused(changed)
    if (position > 0) await refused(der.subarray(0, position))
  }
  await refused(Buffer.concat([der, Buffer.of(0)]))
})

test('octets of any kind are a list or refused, in no other way', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      try {
        readCrlContent(splitCrl(Buffer.from(octets)))
      } catch (error) {
        assert.ok(isSallyportError(error, 'CERTIFICATE_INVALID'), String(error))
      }
    }),
    { numRuns: 500 },
  )
})

const element = (tag: number, text: string | Buffer) => {
  const content = Buffer.from(text)
  return { tag, content, raw: content }
}

test('times are read as RFC 5280 has them, and nothing else is one', () => {
  const [utc, general] = [0x17, 0x18]
  const good: readonly [number, string, string][] = [
    [utc, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [utc, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [general, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [general, '20240229000000Z', '2024-02-29T00:00:00.000Z'],
  ]
  for (const [tag, text, iso] of good) assert.equal(timeIn(element(tag, text)), Date.parse(iso), text)
  assert.equal(
    timeIn(readDer(derTime(Date.parse('2049-12-31T23:59:59.999Z')))),
    Date.parse('2049-12-31T23:59:59Z'),
  )
  assert.equal(derTime(Date.parse('2050-01-01T00:00:00Z'))[0], general)
  for (const [tag, text] of [
    [utc, '20500101000000Z'],
    [general, '500101000000Z'],
    [utc, '4912312359Z'],
    [utc, '491231235959'],
    [utc, '491231235959+0000'],
    [general, '20500101000000.5Z'],
    [general, '20230229000000Z'],
    [general, '20231301000000Z'],
    [general, '20230101240000Z'],
    [general, '20230101000060Z'],
    [DER.utf8String, '491231235959Z'],
  ] as const)
    assert.equal(timeIn(element(tag, text)), undefined, text)
})
