import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import {
  identityFiles,
  readPair,
  storePair,
  type IdentityFiles,
  type IdentityPair,
} from '../../src/cli/identity-files.ts'
import { isSallyportError, type SallyportErrorCode } from '../../src/errors.ts'
import { killedWhileStoring, pairOf } from '../support/killed-while-storing.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const HOUR = 3_600_000
let one: IdentityPair
let other: IdentityPair
before(async () => {
  one = await pairOf(Date.now() - HOUR)
  other = await pairOf(Date.now())
})

type Content = Partial<Record<keyof IdentityFiles, string | undefined>>

/** A folder with these files; each is left out that is not given. */
async function folder(t: TestContext, content: Content): Promise<IdentityFiles> {
  const files = identityFiles(join(await temporaryDirectory(t), 'demo'))
  await mkdir(files.directory)
  for (const name of ['certificate', 'key', 'pending', 'root'] as const)
    if (content[name] !== undefined) await writeFile(files[name], content[name], { mode: 0o600 })
  return files
}

async function refused(work: Promise<unknown>, code: SallyportErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => isSallyportError(error, code) && message.test(error.message))
}

test('a pair that was stored is read, its key is the owner’s alone, and nothing is left beside it', async (t) => {
  const files = await folder(t, one)
  await storePair(files, other)
  assert.deepEqual(await readPair(files), other)
  assert.equal((await stat(files.key)).mode & 0o777, 0o600)
  assert.deepEqual((await readdir(files.directory)).toSorted(), ['client.key.pem', 'client.pem'])
})

test('wherever the storing of a pair was cut off, a whole pair is read, and then in its place', async (t) => {
  const pending = JSON.stringify(other)
  const cut: [string, Content, IdentityPair][] = [
    ['before anything', one, one],
    ['while the new pair was written beside', { ...one, pending: pending.slice(0, 700) }, one],
    ['with the new pair beside the old', { ...one, pending }, other],
    ['with the new key', { certificate: one.certificate, key: other.key, pending }, other],
    ['with both', { ...other, pending }, other],
    ['at the end', other, other],
    ['in a new folder, with nothing', { pending }, other],
    ['in a new folder, with the key', { key: other.key, pending }, other],
  ]
  for (const [when, content, expected] of cut) {
    const files = await folder(t, content)
    assert.deepEqual(await readPair(files), expected, when)
    await rm(files.pending, { force: true })
    assert.deepEqual(await readPair(files), expected, `${when}, read again`)
  }
})

test('a pair that was left over is not put over one that somebody else has stored since', async (t) => {
  const files = await folder(t, { ...other, pending: JSON.stringify(one) })
  assert.deepEqual(await readPair(files), other)
})

test('a root that came with the pair is put into its place, too', async (t) => {
  const files = await folder(t, { ...one, root: 'old' })
  await storePair(files, { ...other, root: 'new' })
  assert.deepEqual((await readdir(files.directory)).toSorted(), ['client.key.pem', 'client.pem', 'root.pem'])
  assert.deepEqual(await readPair(files), other)
})

test('kill -9 at any moment of storing leaves a whole pair', async (t) => {
  const files = await folder(t, one)
  const interrupted = await killedWhileStoring(files, [one, other], 10)
  assert.ok(interrupted > 0, 'it was cut off in the middle at least once')
})

test('who reads while others write always gets a pair', async (t) => {
  const files = await folder(t, one)
  const done = new AbortController()
  const write = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) await storePair(files, round % 2 === 0 ? other : one)
  }
  const read = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const { key, certificate } = await readPair(files)
      const pair = [one, other].find((known) => known.key === key)
      assert.equal(certificate, pair?.certificate)
    }
  }
  const reading = read()
  await Promise.all([write(), write()])
  done.abort()
  await reading
})

test('of two who store at once one is left, whole', async (t) => {
  const files = await folder(t, one)
  for (let round = 0; round < 15; round++) {
    await Promise.all([storePair(files, one), storePair(files, other)])
    const certificate = await readFile(files.certificate, 'utf8')
    const key = await readFile(files.key, 'utf8')
    assert.ok([one, other].some((pair) => pair.certificate === certificate && pair.key === key))
  }
})

test('what is missing, mismatched or no certificate is told with what to do', async (t) => {
  await refused(readPair(await folder(t, {})), 'NOT_FOUND', /sallyport enroll/)
  await refused(readPair(await folder(t, { certificate: one.certificate })), 'NOT_FOUND', /client\.key\.pem/)
  const mixed = await folder(t, { certificate: one.certificate, key: other.key })
  await refused(readPair(mixed), 'CERTIFICATE_INVALID', /does not belong to the key/)
  const garbage = await folder(t, { certificate: 'x', key: one.key })
  await refused(readPair(garbage), 'CERTIFICATE_INVALID', /cannot be read or does not belong/)
})

test('a key that others may read is refused, with the command that closes it', async (t) => {
  const files = await folder(t, one)
  for (const mode of [0o644, 0o640, 0o604, 0o620]) {
    await chmod(files.key, mode)
    await refused(readPair(files), 'CERTIFICATE_INVALID', /chmod 600/)
  }
  await chmod(files.key, 0o400)
  assert.deepEqual(await readPair(files), one)
})
