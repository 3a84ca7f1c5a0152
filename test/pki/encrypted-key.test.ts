import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { newAuthority } from '../../src/pki/authority.ts'
import { encryptedKeyPem, passphraseProblem, readPrivateKey } from '../../src/pki/encrypted-key.ts'
import { KEY_TYPES, newKeyPair, privateKeyDer } from '../../src/pki/key.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSPHRASE = 'correct horse battery staple'
const given = async (): Promise<string> => PASSPHRASE
const neverAsked = async (): Promise<string> => await Promise.reject(new Error('asked'))

describe('an encrypted key', () => {
  for (const type of KEY_TYPES)
    it(`of ${type} is read by openssl and by Node, with the passphrase alone`, async (t) => {
      const pkcs8 = await privateKeyDer((await newKeyPair(type)).privateKey)
      const pem = await encryptedKeyPem(pkcs8, PASSPHRASE)
      const path = join(await temporaryDirectory(t), 'key.pem')
      await writeFile(path, pem)
      const plain = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      const opened = openssl('pkey', '-in', path, '-passin', `pass:${PASSPHRASE}`)
      assert.ok(createPrivateKey(opened.output).equals(plain))
      assert.equal(openssl('pkey', '-in', path, '-passin', 'pass:wrong').ok, false)
      assert.ok((await readPrivateKey(pem, path, given)).equals(plain))
    })

  it('costs 600,000 rounds to guess at, and no two are the same', async (t) => {
    const pkcs8 = await privateKeyDer((await newKeyPair()).privateKey)
    const [one, other] = [await encryptedKeyPem(pkcs8, PASSPHRASE), await encryptedKeyPem(pkcs8, PASSPHRASE)]
    assert.notEqual(one, other)
    const path = join(await temporaryDirectory(t), 'key.pem')
    await writeFile(path, one)
    const { output } = openssl('asn1parse', '-in', path)
    assert.match(output, /PBES2[^]*PBKDF2[^]*INTEGER +:0927C0[^]*hmacWithSHA256[^]*aes-256-cbc/)
  })

  it('in the older form of openssl is read, too', async (t) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const pem = privateKey.export({
      type: 'sec1',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: PASSPHRASE,
    })
    assert.ok((await readPrivateKey(pem.toString(), 'key.pem', given)).equals(privateKey))
    t.diagnostic('Proc-Type: 4,ENCRYPTED')
  })

  it('is asked about only when it is encrypted', async () => {
    const { issuing } = await newAuthority('sallyport.internal', Date.now())
    const pkcs8 = await privateKeyDer(issuing.keys.privateKey)
    const pem = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      .export({ type: 'pkcs8', format: 'pem' })
      .toString()
    await readPrivateKey(pem, 'key.pem', neverAsked)
    await assert.rejects(
      readPrivateKey(await encryptedKeyPem(pkcs8, PASSPHRASE), 'key.pem', neverAsked),
      /asked/,
    )
  })

  it('is refused without its passphrase, with another, and when it is no key', async () => {
    const pem = await encryptedKeyPem(await privateKeyDer((await newKeyPair()).privateKey), PASSPHRASE)
    await assert.rejects(readPrivateKey(pem, 'key.pem'), {
      code: 'CERTIFICATE_INVALID',
      message: 'key.pem is encrypted, and there is no passphrase for it',
    })
    await assert.rejects(
      readPrivateKey(pem, 'key.pem', async () => 'something else'),
      { code: 'CERTIFICATE_INVALID', message: /^the passphrase does not open key\.pem/ },
    )
    await assert.rejects(readPrivateKey('garbage', 'key.pem', neverAsked), /is not a private key in PEM/)
  })

  it('takes passphrases of 12 to 1024 characters', async () => {
    assert.match(passphraseProblem('x'.repeat(11)) ?? '', /less than 12/)
    assert.match(passphraseProblem('x'.repeat(1025)) ?? '', /more than 1024/)
    assert.equal(passphraseProblem('x'.repeat(12)), undefined)
    await assert.rejects(encryptedKeyPem(Buffer.alloc(1), 'short'), { code: 'PASSWORD_REFUSED' })
  })
})
