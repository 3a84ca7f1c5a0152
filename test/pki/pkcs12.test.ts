import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createSecureContext } from 'node:tls'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { KEY_TYPES } from '../../src/pki/key.ts'
import { pkcs12 } from '../../src/pki/pkcs12.ts'
import { findProgram } from '../support/ensure.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSWORD = 'over the hills & far away'
const READ_BY_PYTHON = `
import sys
from cryptography.hazmat.primitives.serialization import pkcs12
key, leaf, more = pkcs12.load_key_and_certificates(open(sys.argv[1], 'rb').read(), sys.argv[2].encode())
assert key.public_key() == leaf.public_key() and len(more) == 1
`

for (const keyType of KEY_TYPES)
  describe(`a PKCS #12 file with a ${keyType} key`, () => {
    it('is read by openssl, Node, and Java and Python where they are installed', async (t) => {
      const { issuing } = await newAuthority('sallyport.internal', Date.now(), { keyType })
      const identity = { trustDomain: 'sallyport.internal', kind: 'user', name: 'alice' } as const
      const issued = await issueClient(signerOf(issuing), identity, 60_000, Date.now(), { keyType })
      const { key, certificate: certificates } = issued
      const file = await pkcs12({ certificates, key, friendlyName: 'user:alice', password: PASSWORD })
      const path = join(await temporaryDirectory(t), 'client.p12')
      await writeFile(path, file)

      const all = openssl('pkcs12', '-in', path, '-noenc', '-info', '-passin', `pass:${PASSWORD}`)
      assert.ok(all.ok, all.output)
      for (const word of [
        'MAC: sha256',
        'PBES2, PBKDF2, AES-256-CBC',
        'hmacWithSHA256',
        'friendlyName: user:alice',
      ])
        assert.ok(all.output.includes(word), word)
      assert.equal(all.output.match(/localKeyID/g)?.length, 2, 'on the certificate and its key')
      const exported = openssl('pkcs12', '-in', path, '-noenc', '-nocerts', '-passin', `pass:${PASSWORD}`)
      assert.ok(createPrivateKey(exported.output).equals(createPrivateKey(key)))
      assert.equal(openssl('pkcs12', '-in', path, '-noenc', '-passin', 'pass:wrong').ok, false)

      createSecureContext({ pfx: file, passphrase: PASSWORD })
      assert.throws(() => createSecureContext({ pfx: file, passphrase: 'wrong' }), /mac verify failure/)

      const others: readonly (readonly [program: string, args: readonly string[]])[] = [
        ['keytool', ['-list', '-storetype', 'PKCS12', '-keystore', path, '-storepass', PASSWORD]],
        ['python3', ['-c', READ_BY_PYTHON, path, PASSWORD]],
      ]
      for (const [program, args] of others) {
        const { status, stderr, stdout } = spawnSync(findProgram(program) ?? 'true', args, {
          encoding: 'utf8',
        })
        const skipped =
          findProgram(program) === undefined || stderr.includes("No module named 'cryptography'")
        t.diagnostic(`${program}: ${skipped ? 'not installed' : 'read it'}`)
        if (!skipped) assert.equal(status, 0, stdout + stderr)
      }
    })
  })
