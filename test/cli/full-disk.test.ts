import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { readLedger } from '../../src/pki/ledger.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const LAUNCHER = resolve(import.meta.dirname, '../../src/cli/launch.js')

/**
 * Runs a command while no file can become longer than so many blocks of 512 bytes: to whoever writes it is a disk that
 * gets full at that point.
 */
async function onFullDisk(
  blocks: number,
  directory: string,
  args: readonly string[],
): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const script = `ulimit -f ${blocks}; exec "$@"`
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, LAUNCHER, ...args], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const code = new Promise((ended) => child.once('close', ended))
  const stderr = await text(child.stderr)
  return { code: await code, stderr }
}

async function installation(t: TestContext): Promise<string> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  const made = await inProcess(['init-ca'], { cwd: directory })
  assert.equal(made.code, 0, made.stderr)
  return directory
}

async function filesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).toSorted()
}

test('a CA is made whole or not at all', async (t) => {
  const directory = await temporaryDirectory(t)
  for (const blocks of [0, 1]) {
    const { code, stderr } = await onFullDisk(blocks, directory, ['init-ca'])
    assert.equal(code, 1)
    assert.match(stderr, /certs\/ca\/\S+ cannot be written \((?:EFBIG|ENOSPC)\): check space and rights/)
    assert.deepEqual(await filesIn(directory), ['certs'])
  }
})

test('a certificate is issued with all that belongs to it, or nothing is left but its line in the ledger', async (t) => {
  const directory = await installation(t)
  const before = await filesIn(directory)
  const where = new Set<string>()
  for (const blocks of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
    const args = ['issue-client-cert', `client-${blocks}`, '--role', 'reader', '--p12']
    const { code, stderr } = await onFullDisk(blocks, directory, args)
    if (code === 0) break
    const said = /(\S+) cannot be written \((?:EFBIG|ENOSPC)\): check space and rights/.exec(stderr)?.[1]
    assert.ok(said, stderr)
    where.add(said.replace(directory, '').replace(/client-\d/, 'NAME'))
    const left = (await filesIn(directory)).filter((name) => !name.startsWith('data'))
    assert.deepEqual(
      left.filter((name) => name !== 'certs/clients'),
      before,
    )
    assert.equal(await readFile(join(directory, 'access.yaml'), 'utf8'), defaultAccessDocument())
    await readLedger(join(directory, 'certs', 'ca', 'ledger.jsonl'))
  }
  t.diagnostic(`it was full at ${[...where].join(', ')}`)
  assert.ok(where.size >= 2, 'at several places')
  assert.equal((await inProcess(['issue-client-cert', 'after'], { cwd: directory })).code, 0)
})

test('a server certificate that cannot be replaced stays as it is, and so does its key', async (t) => {
  const directory = await installation(t)
  // So short a ledger that the key fits where the certificate does not.
  await writeFile(join(directory, 'certs', 'ca', 'ledger.jsonl'), '')
  assert.equal((await inProcess(['issue-server-cert'], { cwd: directory })).code, 0)
  const path = (name: string): string => join(directory, 'certs', 'server', name)
  const both = async (): Promise<readonly string[]> =>
    await Promise.all(
      ['server.pem', 'server.key.pem'].map(async (name) => await readFile(path(name), 'utf8')),
    )
  const before = await both()
  const where: string[] = []
  for (const blocks of [0, 1, 2]) {
    const { code, stderr } = await onFullDisk(blocks, directory, ['issue-server-cert', '--replace'])
    assert.equal(code, 1)
    assert.match(stderr, /cannot be written/)
    where.push(/(\S+) cannot be written/.exec(stderr)?.[1] ?? '')
    assert.deepEqual(await both(), before)
    assert.deepEqual((await readdir(join(directory, 'certs', 'server'))).toSorted(), [
      'server.key.pem',
      'server.pem',
    ])
  }
})
