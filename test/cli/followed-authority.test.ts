import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { crlNumbers } from '../../src/cli/crl-numbers.ts'
import { followedAuthority, type FollowedTrust } from '../../src/cli/followed-authority.ts'
import type { FollowedFiles } from '../../src/cli/followed-files.ts'
import { loadConfig } from '../../src/config/config.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { testAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.now()
const HOUR = 3_600_000
const DAY = 24 * HOUR

async function followed(
  t: TestContext,
  directory: string,
  now: () => number,
): Promise<FollowedFiles<FollowedTrust>> {
  const numbers = await crlNumbers(join(directory, 'crl-numbers.json'))
  const files = await followedAuthority(loadConfig({}, directory), { numbers, now })
  t.after(() => files.close())
  return files
}

/** What is said of the next change: that it was loaded, or why not. */
async function next(files: FollowedFiles<FollowedTrust>): Promise<string> {
  return new Promise((resolve) => {
    files.follow({ onLoaded: () => resolve('loaded'), onRejected: resolve })
  })
}

test('a CA whose time is over keeps no newer list of another out, and is not taken anew', async (t) => {
  const directory = await temporaryDirectory(t)
  const own = await testAuthority(directory, { now: NOW })
  const old = await testAuthority(await temporaryDirectory(t), { now: NOW + HOUR - LIFETIME.issuing })
  await old.resign(NOW + 30 * DAY)
  await writeFile(own.files.issuing, own.issuingPem + old.issuingPem)
  await writeFile(own.files.root, own.rootPem + old.rootPem)
  const [ours, theirs] = [await own.revocationLists(), await old.revocationLists()]
  await writeFile(own.files.revocationLists, ours + theirs)
  let time = NOW
  const files = await followed(t, directory, () => time)
  time += 2 * HOUR
  await writeFile(own.files.revocationLists, ours)
  await own.revoke((await own.client('gone')).cert)
  await writeFile(own.files.revocationLists, (await own.revocationLists()) + theirs)
  assert.equal(await next(files), 'loaded')
  assert.deepEqual(
    files.current().trust.issuers.map(({ revoked }) => revoked.size),
    [1, 0],
  )
  await assert.rejects(
    followed(t, directory, () => time),
    /expired at/,
  )
})
