import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertReceived } from '../../src/cli/received-certificate.ts'
import { isSallyportError } from '../../src/errors.ts'
import { forged, testAuthority, type ClientVariation, type TestAuthority } from '../support/certificates.ts'

const URI = 'spiffe://sallyport.internal/service/demo'
let directory: string
let ca: TestAuthority
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-received-'))
  ca = await testAuthority(directory)
})
after(async () => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

function refused(certificate: string, key: string, message: RegExp, uri = URI): void {
  assert.throws(
    () => assertReceived(certificate, { key, root: ca.rootPem, uri }),
    (error) => isSallyportError(error, 'CERTIFICATE_INVALID') && message.test(error.message),
  )
}

test('what fits is accepted, and names its URI', async () => {
  const { cert, key } = await ca.client('demo')
  assert.equal(assertReceived(cert, { key, root: ca.rootPem, uri: URI }), URI)
  assert.equal(assertReceived(cert, { key, root: ca.rootPem }), URI)
})

test('one of several roots is enough', async () => {
  const { cert, key } = await ca.client('demo')
  const other = await testAuthority(join(directory, 'other'))
  assert.equal(assertReceived(cert, { key, root: other.rootPem + ca.rootPem }), URI)
})

test('a certificate for another key is refused', async () => {
  const [{ cert }, { key }] = [await ca.client('demo'), await ca.client('demo')]
  refused(cert, key, /another key/)
})

const variations: [ClientVariation, RegExp][] = [
  ['other-ca', /not of our CA/],
  ['server-usage', /not for clients/],
  ['no-usage', /not for clients/],
  ['ca', /not for clients/],
  ['no-uri', /names no client/],
  ['two-uris', /names no client/],
  ['bad-name', /names no client/],
  ['other-trust-domain', /of spiffe:\/\/elsewhere\.example/],
]
for (const [variation, message] of variations)
  test(`a certificate that is ${variation} is refused`, async () => {
    const { cert, key } = await ca.client('demo', variation)
    refused(cert, key, message)
  })

for (const variation of ['expired', 'not-yet-valid'] as const)
  test(`a certificate that is ${variation} takes no place of one that is good`, async () => {
    const { cert, key } = await ca.client('demo', variation)
    const expected = { key, root: ca.rootPem, uri: URI }
    assert.throws(
      () => assertReceived(cert, { ...expected, now: Date.now() }),
      (error) => isSallyportError(error, 'CERTIFICATE_INVALID') && /not valid now/.test(error.message),
    )
    assert.equal(assertReceived(cert, expected), URI)
  })

test('a certificate of somebody else is refused', async () => {
  const { cert, key } = await ca.client('other')
  refused(cert, key, /of spiffe:\/\/sallyport\.internal\/service\/other, not of/)
})

test('without its issuing CA, with a broken signature, or with anything beside it, it is refused', async () => {
  const { cert, key } = await ca.client('demo')
  const leaf = cert.slice(0, cert.indexOf('-----BEGIN', 1))
  refused(leaf, key, /not of our CA/)
  refused(forged(leaf) + ca.issuingPem, key, /not of our CA/)
  refused(cert + key, key, /no certificate/)
  refused(cert + ca.rootPem.repeat(3), key, /no certificate/)
  refused(`${leaf}${leaf}`, key, /not of our CA/)
  refused('', key, /no certificate/)
  refused('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', key, /no certificate/)
})
