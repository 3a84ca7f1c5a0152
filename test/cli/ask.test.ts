import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createSecureContext } from 'node:tls'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { findProgram } from '../support/ensure.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const LAUNCHER = resolve(import.meta.dirname, '../../src/cli/launch.js')
const TERMINAL = findProgram('script')
const SKIP = TERMINAL === undefined ? 'there is no "script" (util-linux) for a terminal' : false

/** Runs a command on a terminal, and answers each question when it comes. */
async function onTerminal(
  directory: string,
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<{ readonly code: unknown; readonly shown: string }> {
  const command = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn(TERMINAL ?? 'false', ['-qec', command, '/dev/null'], {
    cwd: directory,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const left = [...answers]
  let [shown, seen] = ['', 0]
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk
    const [next] = left
    const found = next?.[0].exec(shown.slice(seen))
    if (next === undefined || found === null || found === undefined) return
    seen = shown.length
    left.shift()
    child.stdin.write(`${next[1]}\r`)
  })
  const code = await new Promise((ended) => child.once('close', ended))
  return { code, shown }
}

async function folder(t: TestContext): Promise<string> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  return directory
}

test(
  'a passphrase is asked for twice, then whenever the CA signs, and never shown',
  { skip: SKIP },
  async (t) => {
    const directory = await folder(t)
    const passphrase = 'correct horse battery staple'
    const made = await onTerminal(
      directory,
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
      directory,
      ['issue-client-cert', 'demo'],
      [[/Passphrase of/, 'not that one, no']],
    )
    assert.equal(wrong.code, 1)
    assert.match(wrong.shown, /does not open/)
    const options = ['--p12', '--role', 'reader']
    const issued = await onTerminal(
      directory,
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

test('whoever mistypes the second time, or breaks off, gets nothing', { skip: SKIP }, async (t) => {
  const directory = await folder(t)
  const mistyped = await onTerminal(
    directory,
    ['init-ca', '--encrypt'],
    [
      [/Passphrase for the CA keys/, 'correct horse battery staple'],
      [/The same again/, 'correct horse battery maple'],
    ],
  )
  assert.equal(mistyped.code, 1)
  assert.match(mistyped.shown, /the two passphrases differ: nothing was made/)
  const brokenOff = await onTerminal(
    directory,
    ['init-ca', '--encrypt'],
    [[/Passphrase for the CA keys/, '\u0003']],
  )
  assert.equal(brokenOff.code, 1)
  assert.match(brokenOff.shown, /broken off: nothing was done/)
  assert.equal(existsSync(join(directory, 'certs')), false)
  assert.deepEqual((await readdir(directory)).toSorted(), ['access.yaml', 'sallyport.yaml'])
})
