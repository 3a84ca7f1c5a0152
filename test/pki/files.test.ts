import assert from 'node:assert/strict'
import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import {
  authorityFiles,
  clientFiles,
  createDirectory,
  replaceFile,
  serverFiles,
} from '../../src/pki/files.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PAIR = {
  'client.pem': { content: 'certificate', secret: false },
  'client.key.pem': { content: 'key', secret: true },
}

describe('the layout of the certs directory', () => {
  it('is the one that is documented', () => {
    assert.deepEqual(authorityFiles('certs'), {
      directory: 'certs/ca',
      root: 'certs/ca/root.pem',
      rootKey: 'certs/ca/root.key.pem',
      issuing: 'certs/ca/issuing.pem',
      issuingKey: 'certs/ca/issuing.key.pem',
      revocationLists: 'certs/ca/crl.pem',
      ledger: 'certs/ca/ledger.jsonl',
    })
    assert.deepEqual(serverFiles('certs'), {
      directory: 'certs/server',
      certificate: 'certs/server/server.pem',
      key: 'certs/server/server.key.pem',
    })
    assert.deepEqual(clientFiles('certs', 'demo'), {
      directory: 'certs/clients/demo',
      certificate: 'certs/clients/demo/client.pem',
      key: 'certs/clients/demo/client.key.pem',
    })
  })
})

describe('creating a directory with its files', () => {
  it('writes all of them, keys for the owner alone', async (t) => {
    const target = join(await temporaryDirectory(t), 'clients', 'demo')
    await createDirectory(target, PAIR)
    assert.deepEqual((await readdir(target)).toSorted(), ['client.key.pem', 'client.pem'])
    assert.equal(await readFile(join(target, 'client.key.pem'), 'utf8'), 'key')
    assert.equal((await stat(join(target, 'client.key.pem'))).mode & 0o777, 0o600)
  })

  it('is won by exactly one of many at once, whose files are whole', async (t) => {
    const parent = await temporaryDirectory(t)
    const target = join(parent, 'demo')
    const attempts = Array.from({ length: 20 }, async (_, index) => {
      const content = `writer ${index}`
      await createDirectory(target, { a: { content, secret: true }, b: { content, secret: false } })
    })
    const outcomes = await Promise.allSettled(attempts)
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(lost.length, 19)
    for (const reason of lost) assert.ok(isSallyportError(reason, 'FILE_EXISTS'))
    for (const name of ['a', 'b'])
      assert.equal(await readFile(join(target, name), 'utf8'), `writer ${winner}`)
    assert.deepEqual(await readdir(parent), ['demo'])
  })

  it('never replaces a directory with something in it, nor a file', async (t) => {
    const parent = await temporaryDirectory(t)
    await mkdir(join(parent, 'used'))
    await writeFile(join(parent, 'used', 'precious'), 'x')
    await writeFile(join(parent, 'file'), 'x')
    for (const name of ['used', 'file'])
      await assert.rejects(createDirectory(join(parent, name), PAIR), (error) =>
        isSallyportError(error, 'FILE_EXISTS'),
      )
    assert.deepEqual((await readdir(parent)).toSorted(), ['file', 'used'])
    assert.deepEqual(await readdir(join(parent, 'used')), ['precious'])
  })

  it('leaves nothing behind when a file cannot be written', async (t) => {
    const parent = await temporaryDirectory(t)
    const broken = { 'no/such/place': { content: 'x', secret: true } }
    await assert.rejects(createDirectory(join(parent, 'demo'), broken), { code: 'STORE_UNAVAILABLE' })
    assert.deepEqual(await readdir(parent), [])
  })
})

describe('replacing a file', () => {
  it('writes it anew with its own mode, whatever the old one had', async (t) => {
    const directory = await temporaryDirectory(t)
    const path = join(directory, 'key.pem')
    await writeFile(path, 'old', { mode: 0o644 })
    await replaceFile(path, { content: 'new', secret: true })
    assert.equal(await readFile(path, 'utf8'), 'new')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(directory), ['key.pem'])
  })

  it(
    'leaves it to its owner, so that a server can read the key that somebody else renewed',
    {
      skip: process.getuid?.() === 0 ? false : 'only root can give files away',
    },
    async (t) => {
      const path = join(await temporaryDirectory(t), 'server.key.pem')
      await writeFile(path, 'old', { mode: 0o600 })
      await chown(path, 65_534, 65_533)
      await replaceFile(path, { content: 'new', secret: true })
      const { uid, gid, mode } = await stat(path)
      assert.deepEqual([uid, gid, mode & 0o777], [65_534, 65_533, 0o600])
    },
  )

  it('keeps the old one and leaves nothing behind when it cannot be replaced', async (t) => {
    const directory = await temporaryDirectory(t)
    await mkdir(join(directory, 'taken'))
    await assert.rejects(replaceFile(join(directory, 'taken'), { content: 'new', secret: false }))
    assert.deepEqual(await readdir(directory), ['taken'])
  })
})
