import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { withFileLock } from '../../src/pki/file-lock.ts'
import { publish } from '../../src/pki/publish.ts'
import { testAuthority } from '../support/certificates.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const COPIES = ['ca/crl.pem', 'ca/issuing.pem', 'ca/root.pem', 'server/server.key.pem', 'server/server.pem']
const ALL = [...COPIES, 'ca/issuing.crl', 'ca/root.crl'].toSorted()

async function filesUnder(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted()
}

test('what a server needs is copied, and no key of the CA', async (t) => {
  const directory = await temporaryDirectory(t)
  const { certs } = await testAuthority(directory)
  const target = join(directory, 'published')
  assert.deepEqual([...(await publish(certs, target))].toSorted(), ALL)
  assert.deepEqual(await filesUnder(target), ALL)
  for (const name of COPIES)
    assert.equal(await readFile(join(target, name), 'utf8'), await readFile(join(certs, name), 'utf8'), name)
  for (const [list, ca] of [
    ['issuing.crl', 'issuing.pem'],
    ['root.crl', 'root.pem'],
  ] as const) {
    const read = ['crl', '-inform', 'DER', '-in', join(target, 'ca', list), '-noout']
    assert.match(openssl(...read, '-CAfile', join(certs, 'ca', ca)).output, /verify OK/)
  }
  assert.equal((await stat(join(target, 'server/server.key.pem'))).mode & 0o777, 0o600)
})

test('only what has changed is written again', async (t) => {
  const directory = await temporaryDirectory(t)
  const { certs } = await testAuthority(directory)
  const target = join(directory, 'published')
  await publish(certs, target)
  assert.deepEqual(await publish(certs, target), [])
  await writeFile(join(target, 'ca/crl.pem'), 'damaged')
  assert.deepEqual(await publish(certs, target), ['ca/crl.pem'])
})

test('one publishes at a time, so that no older list comes over a newer one', async (t) => {
  const directory = await temporaryDirectory(t)
  const { certs, files, serverFiles } = await testAuthority(directory)
  const target = join(directory, 'published')
  const waits = async (): Promise<boolean> =>
    (await readdir(files.directory)).some((name) => name.startsWith('crl.pem.lock.'))
  let publishing: Promise<unknown> = Promise.resolve()
  await withFileLock(files.revocationLists, async () => {
    publishing = publish(certs, target)
    while (!(await Promise.race([publishing.then(() => true), waits()]))) continue
    await writeFile(serverFiles.certificate, 'the newest')
  })
  await publishing
  assert.equal(await readFile(join(target, 'server/server.pem'), 'utf8'), 'the newest')
})

test('where there is no CA yet nothing is copied', async (t) => {
  const directory = await temporaryDirectory(t)
  assert.deepEqual(await publish(join(directory, 'certs'), join(directory, 'published')), [])
})
