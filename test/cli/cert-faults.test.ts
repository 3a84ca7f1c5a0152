import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { authorityFiles } from '../../src/pki/files.ts'
import { readLedger } from '../../src/pki/ledger.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const LIMIT = 256 * 1024

let made: string
before(async () => {
  made = await mkdtemp(join(tmpdir(), 'sallyport-faults-'))
  const { code, stderr } = await inProcess(['init'], { cwd: made })
  assert.equal(code, 0, stderr)
})
after(async () => await rm(made, { recursive: true, force: true, maxRetries: 10 }))

async function installation(t: TestContext): Promise<string> {
  const cwd = await temporaryDirectory(t)
  await cp(made, cwd, { recursive: true })
  return cwd
}

/** Runs a script of ours where no file may grow beyond the limit: writing there fails as on a full disk. */
async function limited(cwd: string, words: string): Promise<Finished> {
  const line = `ulimit -f ${LIMIT / 512} && exec "${process.execPath}" ${words}`
  return await new Promise((resolved) => {
    execFile('sh', ['-c', line], { cwd }, (error, stdout, stderr) =>
      resolved({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

/** Everything in a folder, by path. */
async function contentOf(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(path, 'utf8')] as const)))
}

test('on a full disk nothing is issued, offered or revoked, and nothing is lost', async (t) => {
  const cwd = await installation(t)
  const { ledger } = authorityFiles(join(cwd, 'certs'))
  const text = await readFile(ledger, 'utf8')
  // Room for a part of a line only.
  const padding = LIMIT - text.length - ' #torn\n'.length - 100
  await writeFile(ledger, `${text}${'x'.repeat(padding)} #torn\n`)
  const whole = await contentOf(join(cwd, 'certs'))
  const policy = await readFile(join(cwd, 'access.yaml'), 'utf8')
  for (const words of [
    `${REPOSITORY}/src/cli/launch.js cert revoke demo`,
    `${REPOSITORY}/src/cli/launch.js cert token billing --role reader`,
    `${REPOSITORY}/scripts/issue-client-cert.ts billing --role reader`,
    `${REPOSITORY}/scripts/issue-server-cert.ts --replace`,
  ]) {
    const { code, stderr, stdout } = await limited(cwd, words)
    assert.equal(code, 1, words)
    assert.match(stderr, /ledger\.jsonl cannot be written \(EFBIG\): check space and rights/, words)
    assert.equal(stdout, '', words)
    assert.deepEqual(await contentOf(join(cwd, 'certs')), whole, words)
  }
  assert.equal(await readFile(join(cwd, 'access.yaml'), 'utf8'), policy)
  assert.equal((await inProcess(['cert', 'revoke', 'demo'], { cwd })).code, 0)
  const revoked = [...(await readLedger(ledger)).certificates.values()].filter((one) => one.revoked)
  assert.equal(revoked.length, 1)
})

test('a key that others can read is not used, and what is revoked is revoked all the same', async (t) => {
  const cwd = await installation(t)
  const { issuingKey, ledger } = authorityFiles(join(cwd, 'certs'))
  await chmod(issuingKey, 0o644)
  const { code, stderr } = await inProcess(['cert', 'revoke', 'demo'], { cwd })
  assert.equal(code, 1)
  assert.match(stderr, /the revocation list could not be signed: .*issuing\.key\.pem is open to others/)
  assert.ok([...(await readLedger(ledger)).certificates.values()].some((one) => one.revoked))
  const issuer = await inProcess(['issuer'], { cwd })
  assert.equal(issuer.code, 1)
  assert.match(issuer.stderr, /issuing\.key\.pem is open to others than its owner/)
  assert.equal(existsSync(join(cwd, 'data/issuer.sock')), false)
})

test('an issuer without a key, with one of another CA, or with rubbish in its place does not start', async (t) => {
  const cwd = await installation(t)
  const { issuingKey, rootKey } = authorityFiles(join(cwd, 'certs'))
  const said = async (): Promise<string> => {
    const { code, stderr } = await sallyport(['issuer'], { cwd })
    assert.equal(code, 1)
    return stderr
  }
  await cp(rootKey, issuingKey)
  assert.match(await said(), /issuing\.key\.pem is not the key of .*issuing\.pem/)
  await writeFile(issuingKey, 'rubbish')
  assert.match(await said(), /issuing\.key\.pem is not a private key in PEM/)
  await rm(issuingKey)
  assert.match(await said(), /issuing\.key\.pem cannot be read \(ENOENT\)/)
})
