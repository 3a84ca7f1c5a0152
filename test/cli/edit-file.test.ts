import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { editFile } from '../../src/cli/edit-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('a file that is not there is made whole, and nothing else stays behind', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'new.yaml')
  await editFile(path, (text) => `${text}`)
  assert.equal(await readFile(path, 'utf8'), 'undefined')
  assert.equal((await stat(path)).mode & 0o777, 0o644)
  assert.deepEqual(await readdir(directory), ['new.yaml'])
})

test('a file that somebody else makes meanwhile is edited, not replaced', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'new.yaml')
  const seen: (string | undefined)[] = []
  await editFile(path, (text) => {
    seen.push(text)
    if (seen.length === 1) writeFileSync(path, 'theirs\n')
    return `${text ?? ''}ours\n`
  })
  assert.deepEqual(seen, [undefined, 'theirs\n'])
  assert.equal(await readFile(path, 'utf8'), 'theirs\nours\n')
  assert.deepEqual(await readdir(directory), ['new.yaml'])
})

test('an edit that throws, or changes nothing, writes nothing', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'a.yaml')
  await assert.rejects(
    editFile(path, () => {
      throw new Error('not good')
    }),
    /not good/,
  )
  assert.deepEqual(await readdir(directory), [])
  await writeFile(path, 'a')
  const before = await stat(path)
  await editFile(path, (text) => text ?? '')
  assert.equal((await stat(path)).ino, before.ino)
})

test('a file that never rests is given up, and what cannot be written says so', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'a.yaml')
  let edits = 0
  const restless = editFile(path, (text) => {
    writeFileSync(path, String(edits++))
    return `${text} ours`
  })
  await assert.rejects(restless, { code: 'TOO_BUSY' })
  assert.equal(edits, 5)
  // A link that leads nowhere is nobody's to fill.
  const link = join(directory, 'link.yaml')
  await symlink('nowhere.yaml', link)
  await assert.rejects(
    editFile(link, () => 'ours'),
    { code: 'TOO_BUSY' },
  )
})
