import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { crlNumbers } from '../../src/cli/crl-numbers.ts'
import type { FollowedTrust } from '../../src/cli/followed-authority.ts'
import type { FollowedFiles } from '../../src/cli/followed-files.ts'
import { followedTrust } from '../../src/cli/followed-trust.ts'
import { loadConfig } from '../../src/config/config.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { heard, type Heard } from '../support/heard.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const CONFIG = `trust:
  bundles:
    - name: corp
      roots: corp/certs/ca/root.pem
      issuers: corp/certs/ca/issuing.pem
      revocationLists: corp/certs/ca/crl.pem
      trustDomains: [ corp.example ]
      principal: { from: uri }
`

interface Setting extends Heard<'loaded' | { readonly rejected: string }> {
  readonly ours: TestAuthority
  readonly corp: TestAuthority
  readonly trust: FollowedFiles<FollowedTrust>
}

/** Our own CA and one of somebody else, followed. */
async function setting(t: TestContext): Promise<Setting> {
  const directory = await temporaryDirectory(t)
  await mkdir(join(directory, 'corp'))
  const ours = await testAuthority(directory)
  const corp = await testAuthority(join(directory, 'corp'), { trustDomain: 'corp.example' })
  await writeFile(join(directory, 'sallyport.yaml'), CONFIG)
  const numbers = await crlNumbers(join(directory, 'numbers.json'))
  const trust = await followedTrust(loadConfig({}, directory), { numbers, now: Date.now })
  const told = heard<'loaded' | { readonly rejected: string }>()
  trust.follow({ onLoaded: () => told.hear('loaded'), onRejected: (rejected) => told.hear({ rejected }) })
  t.after(() => trust.close())
  return { ours, corp, trust, ...told }
}

async function put(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content)
  await rename(`${path}.new`, path)
}

test('it is the same object until something has changed', async (t) => {
  const { trust, ours, next } = await setting(t)
  const before = trust.current()
  assert.equal(trust.current(), before)
  assert.equal(before.trust.issuers.length, 2)
  assert.equal(before.authorities.length, 4)
  assert.equal(before.lists.length, 4)
  await ours.client('gone', 'revoked')
  assert.equal(await next(), 'loaded')
  assert.notEqual(trust.current(), before)
  assert.notEqual(trust.current().trust, before.trust)
  assert.equal(trust.current(), trust.current())
})

test('what is wrong with the files of one CA keeps no revocation of another from being heard', async (t) => {
  const { trust, ours, corp, next } = await setting(t)
  const lists = await corp.revocationLists()
  await put(corp.files.revocationLists, 'nonsense')
  const told = await next()
  assert.ok(typeof told === 'object')
  assert.match(told.rejected, /the file of revocation lists of "corp" .*corp\/certs\/ca\/crl\.pem holds no/)
  await ours.client('gone', 'revoked')
  assert.equal(await next(), 'loaded')
  const revoked = trust.current().trust.issuers.map((issuer) => issuer.revoked.size)
  assert.deepEqual(revoked, [1, 0])
  assert.equal(trust.lastProblem(), told.rejected)
  await put(corp.files.revocationLists, lists)
  assert.equal(await next(), 'loaded')
  assert.equal(trust.lastProblem(), null)
})

test('without good files of every CA there is nothing to begin with', async (t) => {
  const { ours, corp } = await setting(t)
  const directory = join(ours.certs, '..')
  const numbers = await crlNumbers(join(directory, 'numbers.json'))
  await put(corp.files.root, ours.rootPem)
  await assert.rejects(followedTrust(loadConfig({}, directory), { numbers, now: Date.now }), {
    code: 'CONFIGURATION_INVALID',
    message: /signed by none of the roots/,
  })
})
