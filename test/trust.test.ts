import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { before, test } from 'node:test'
import { isSallyportError } from '../src/errors.ts'
import { newAuthority, signerOf } from '../src/pki/authority.ts'
import { certificatePem } from '../src/pki/certify.ts'
import { signRevocationList } from '../src/pki/crl.ts'
import { readTrust, type TrustMaterial } from '../src/trust.ts'
import { openssl } from './support/openssl.ts'

const NOW = Date.now()
const HOUR = 3_600_000
type Authority = Awaited<ReturnType<typeof newAuthority>>

let ours: Authority
let material: TrustMaterial
before(async () => {
  ours = await newAuthority('sallyport.internal', NOW)
  material = materialOf(ours)
})

function materialOf({ root, issuing, revocationLists }: Authority): TrustMaterial {
  return {
    trustDomain: 'sallyport.internal',
    roots: certificatePem(root.certificate),
    issuers: certificatePem(issuing.certificate),
    revocationLists,
  }
}

/** A list of one of the CAs with these serials on it. */
async function listOf(
  ca: 'root' | 'issuing',
  serials: readonly string[],
  nextUpdate = NOW + HOUR,
): Promise<string> {
  const entries = serials.map((serial) => ({ serial, at: NOW }))
  return signRevocationList({ number: 2n, entries, thisUpdate: NOW, nextUpdate }, signerOf(ours[ca]))
}

const refusal = (words: RegExp) => (error: unknown) =>
  isSallyportError(error, 'CERTIFICATE_INVALID') && words.test(error.message)

const serialIn = (pem: string) => new X509Certificate(pem).serialNumber

test('an issuer is trusted with what its own list says, until that ends', async () => {
  const revocationLists = (await listOf('issuing', ['0A', 'FF01'])) + (await listOf('root', []))
  const { trustDomain, issuers } = await readTrust({ ...material, revocationLists })
  assert.equal(trustDomain, 'sallyport.internal')
  assert.equal(issuers.length, 1)
  const [issuer] = issuers
  assert.equal(issuer?.certificate.fingerprint256, new X509Certificate(material.issuers).fingerprint256)
  assert.equal(issuer?.nextUpdate, Math.floor((NOW + HOUR) / 1000) * 1000)
  assert.deepEqual(issuer?.revoked, new Set(['0A', 'FF01']))
})

test('serial numbers are those of node:crypto, the smallest included', async () => {
  const numbers = ['0', '1', '0x7f', '0x80', '0x0100', '0xff00ff'].map((number) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null']
    const { ok, output } = openssl('req', '-x509', ...key, '-subj', '/CN=a', '-set_serial', number)
    assert.ok(ok, output)
    return serialIn(/-----BEGIN CERT[^]+/.exec(output)?.[0] ?? '')
  })
  const revocationLists =
    (await listOf('issuing', ['00', '01', '7F', '80', '0100', 'FF00FF'])) + (await listOf('root', []))
  const [issuer] = (await readTrust({ ...material, revocationLists })).issuers
  assert.deepEqual(issuer?.revoked, new Set(numbers))
})

test('roots are no issuers: what a root signs itself is not believed', async () => {
  const { issuers } = await readTrust(material)
  const root = new X509Certificate(material.roots)
  assert.equal(
    issuers.some(({ certificate }) => certificate.fingerprint256 === root.fingerprint256),
    false,
  )
})

test('an issuer that its root has revoked is not trusted', async () => {
  const issuing = await listOf('issuing', [])
  const revoked = await listOf('root', [serialIn(material.issuers)])
  assert.deepEqual((await readTrust({ ...material, revocationLists: issuing + revoked })).issuers, [])
  const another = await listOf('root', ['0A'])
  assert.equal((await readTrust({ ...material, revocationLists: issuing + another })).issuers.length, 1)
})

test('the serial number of an issuer on the list of another CA means nothing', async () => {
  const own = await listOf('issuing', [serialIn(material.issuers)])
  const { issuers } = await readTrust({ ...material, revocationLists: own + (await listOf('root', [])) })
  assert.equal(issuers.length, 1)
})

test('an issuer without a list is an error, not an issuer whose certificates are all good', async () => {
  const revocationLists = await listOf('root', [])
  await assert.rejects(readTrust({ ...material, revocationLists }), refusal(/no revocation list of the CA "/))
})

test('a list of a CA that is not trusted, no list and no PEM are errors', async () => {
  const foreign = await newAuthority('sallyport.internal', NOW)
  for (const revocationLists of [foreign.revocationLists, '', 'not PEM'])
    await assert.rejects(readTrust({ ...material, revocationLists }), refusal(/./))
})

test('every reading is another epoch, and none can be changed', async () => {
  const [one, other] = [await readTrust(material), await readTrust(material)]
  assert.notEqual(one, other)
  assert.ok(Object.isFrozen(one))
})

test('several issuers are several, each with its own list', async () => {
  const second = await newAuthority('sallyport.internal', NOW)
  const both = [material, materialOf(second)]
  const join = (key: 'roots' | 'issuers' | 'revocationLists') => both.map((one) => one[key]).join('')
  const { issuers } = await readTrust({
    trustDomain: 'sallyport.internal',
    roots: join('roots'),
    issuers: join('issuers'),
    revocationLists: join('revocationLists'),
  })
  assert.equal(new Set(issuers.map(({ certificate }) => certificate.fingerprint256)).size, 2)
})
