import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identityFiles } from '../../src/cli/identity-files.ts'
import { killedWhileStoring, pairOf } from '../support/killed-while-storing.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('a client’s identity is whole after 200 kills in the middle of storing it', async (t) => {
  const files = identityFiles(join(await temporaryDirectory(t), 'demo'))
  const pairs = [await pairOf(Date.now() - 3_600_000), await pairOf(Date.now())] as const
  await mkdir(files.directory)
  await writeFile(files.certificate, pairs[0].certificate)
  await writeFile(files.key, pairs[0].key, { mode: 0o600 })
  const interrupted = await killedWhileStoring(files, pairs, 200)
  console.log(`${interrupted} of 200 were in the middle`)
  assert.ok(interrupted > 20)
})
