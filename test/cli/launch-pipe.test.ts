import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { launcherPath } from '../../src/cli/launcher.ts'

test('a command whose reader has read enough ends without a word', async () => {
  const { stderr } = await promisify(execFile)('sh', [
    '-c',
    '"$0" "$1" --help | true',
    process.execPath,
    launcherPath(),
  ])
  assert.equal(stderr, '')
})
