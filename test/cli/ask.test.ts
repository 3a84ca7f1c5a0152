import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createSecureContext } from 'node:tls'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { NO_TERMINAL, onTerminal } from '../support/terminal.ts'

async function folder(t: TestContext): Promise<string> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  return directory
}

test(
  'a passphrase is asked for twice, then whenever the CA signs, and never shown',
  { skip: NO_TERMINAL },
  async (t) => {
    const directory = await folder(t)
    const passphrase = 'correct horse battery staple'
    const made = await onTerminal(
      { cwd: directory },
      ['init-ca', '--encrypt'],
      [
        [/Passphrase for the CA keys/, passphrase],
        [/The same again/, passphrase],
      ],
    )
    assert.equal(made.code, 0, made.shown)
    const key = join(directory, 'certs', 'ca', 'issuing.key.pem')
    assert.ok(openssl('pkey', '-in', key, '-noout', '-passin', `pass:${passphrase}`).ok)
    const wrong = await onTerminal(
      { cwd: directory },
      ['issue-client-cert', 'demo'],
      [[/Passphrase of/, 'not that one, no']],
    )
    assert.equal(wrong.code, 1)
    assert.match(wrong.shown, /does not open/)
    const options = ['--p12', '--role', 'reader']
    const issued = await onTerminal(
      { cwd: directory },
      ['issue-client-cert', 'demo', ...options],
      [
        [/Password for client\.p12/, 'over the hills'],
        [/The same again/, 'over the hills'],
        [/Passphrase of .*issuing\.key\.pem/, passphrase],
      ],
    )
    assert.equal(issued.code, 0, issued.shown)
    const p12 = await readFile(join(directory, 'certs', 'clients', 'demo', 'client.p12'))
    createSecureContext({ pfx: p12, passphrase: 'over the hills' })
    for (const { shown } of [made, issued]) {
      assert.equal(shown.includes(passphrase), false)
      assert.equal(shown.includes('over the hills'), false)
    }
  },
)

test('whoever mistypes the second time, or breaks off, gets nothing', { skip: NO_TERMINAL }, async (t) => {
  const directory = await folder(t)
  const mistyped = await onTerminal(
    { cwd: directory },
    ['init-ca', '--encrypt'],
    [
      [/Passphrase for the CA keys/, 'correct horse battery staple'],
      [/The same again/, 'correct horse battery maple'],
    ],
  )
  assert.equal(mistyped.code, 1)
  assert.match(mistyped.shown, /the two passphrases differ: nothing was made/)
  const brokenOff = await onTerminal(
    { cwd: directory },
    ['init-ca', '--encrypt'],
    [[/Passphrase for the CA keys/, '\u0003']],
  )
  assert.equal(brokenOff.code, 1)
  assert.match(brokenOff.shown, /broken off: nothing was done/)
  assert.equal(existsSync(join(directory, 'certs')), false)
  assert.deepEqual((await readdir(directory)).toSorted(), ['access.yaml', 'sallyport.yaml'])
})
