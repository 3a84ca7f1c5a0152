import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { crlNumbers } from '../../src/cli/crl-numbers.ts'
import { newAuthority } from '../../src/pki/authority.ts'
import { certificatePem } from '../../src/pki/certify.ts'
import type { RevocationList } from '../../src/pki/read-crl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.now()
let issuing: X509Certificate
let root: X509Certificate
before(async () => {
  const made = await newAuthority('sallyport.internal', NOW)
  issuing = new X509Certificate(certificatePem(made.issuing.certificate))
  root = new X509Certificate(certificatePem(made.root.certificate))
})

function list(issuer: X509Certificate, number: bigint, content = 'a'): RevocationList {
  const digest = content.repeat(64)
  return { issuer, number, digest, thisUpdate: NOW, nextUpdate: NOW, revoked: new Set(), entries: [] }
}

const pathIn = async (t: TestContext): Promise<string> =>
  join(await temporaryDirectory(t), 'crl-numbers.json')

test('the first list of a CA may have any number; then no lower one, and no other of the same', async (t) => {
  const numbers = await crlNumbers(await pathIn(t))
  assert.deepEqual(numbers.faultsOf([list(issuing, 0n), list(root, 2n ** 150n)]), [])
  await numbers.raise([list(issuing, 5n), list(root, 2n)])
  assert.deepEqual(numbers.faultsOf([list(issuing, 5n), list(root, 2n)]), [])
  assert.deepEqual(numbers.faultsOf([list(issuing, 6n, 'b'), list(root, 3n, 'b')]), [])
  assert.match(numbers.faultsOf([list(issuing, 4n, 'b')]).join(), /issuing CA" is older \(number 4\) .*\(5\)/)
  assert.match(
    numbers.faultsOf([list(issuing, 5n, 'b')]).join(),
    /has the number .* \(5\) and another content/,
  )
  assert.equal(numbers.faultsOf([list(issuing, 4n), list(root, 1n)]).length, 2)
})

test('a CA that had a list has one, wherever it is', async (t) => {
  const numbers = await crlNumbers(await pathIn(t))
  assert.deepEqual(numbers.faultsOf([list(issuing, 5n)], [root]), [])
  await numbers.raise([list(issuing, 5n), list(root, 2n)])
  assert.match(
    numbers.faultsOf([list(issuing, 5n)], [root]).join(),
    /no revocation list of ".*root.*" any more/,
  )
  assert.deepEqual(numbers.faultsOf([list(issuing, 5n), list(root, 2n)], [root]), [])
})

test('they outlive the process, and what one that knew less writes does not lower them', async (t) => {
  const path = await pathIn(t)
  const [one, other] = [await crlNumbers(path), await crlNumbers(path)]
  await one.raise([list(issuing, 2n ** 158n)])
  await other.raise([list(issuing, 3n), list(root, 7n)])
  const next = await crlNumbers(path)
  assert.equal(next.faultsOf([list(issuing, 2n ** 158n - 1n), list(root, 6n)]).length, 2)
  assert.deepEqual(next.faultsOf([list(issuing, 2n ** 158n), list(root, 7n)]), [])
})

test('what is known already is not written again', async (t) => {
  const path = await pathIn(t)
  const numbers = await crlNumbers(path)
  await numbers.raise([list(issuing, 5n)])
  await writeFile(path, 'somebody else’s')
  await numbers.raise([list(issuing, 5n), list(issuing, 4n)])
  assert.equal(await readFile(path, 'utf8'), 'somebody else’s')
})

test('a file that cannot be understood is no first start', async (t) => {
  const path = await pathIn(t)
  for (const content of [
    '',
    '{',
    '[]',
    '{"00":{"number":"1","digest":"a"}}',
    `{"${'a'.repeat(64)}":{"number":-1}}`,
  ]) {
    await writeFile(path, content)
    await assert.rejects(crlNumbers(path), { code: 'CONFIGURATION_INVALID', message: /put it back/ }, content)
  }
})

test('what cannot be written is remembered until the end all the same', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'crl-numbers.json')
  const numbers = await crlNumbers(path)
  await mkdir(path)
  await assert.rejects(numbers.raise([list(issuing, 5n)]))
  assert.equal(numbers.faultsOf([list(issuing, 4n)]).length, 1)
})
