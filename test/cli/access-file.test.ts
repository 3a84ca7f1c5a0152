import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync } from 'node:fs'
import { chmod, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { addGrant } from '../../src/access/add-grant.ts'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument } from '../../src/access/document.ts'
import { updateAccessFile } from '../../src/cli/access-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const run = promisify(execFile)
const accessFileModule = new URL('../../src/cli/access-file.ts', import.meta.url).href
const addGrantModule = new URL('../../src/access/add-grant.ts', import.meta.url).href

/** A directory with a default policy, gone after the test. */
async function policyFile(t: TestContext): Promise<{ directory: string; path: string }> {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'access.yaml')
  await writeFile(path, defaultAccessDocument(), { mode: 0o640 })
  return { directory, path }
}

async function grantedTo(path: string): Promise<string[]> {
  const document = parseAccessDocument(await readFile(path, 'utf8'), path)
  return document.grants
    .flatMap(({ subject }) => (subject.kind === 'principal' ? [subject.principal.id] : []))
    .toSorted()
}

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  assert.ok(child.pid !== undefined)
  return child.pid
}

test('of twenty edits at once none is lost, and a reader never sees half a file', async (t) => {
  const { directory, path } = await policyFile(t)
  const names = Array.from({ length: 20 }, (_, index) => `service:s${String(index).padStart(2, '0')}`)
  const edits = Promise.all(
    names.map((name) => updateAccessFile(path, (text) => addGrant(text, name, ['reader']))),
  )
  const ended = edits.then(() => true)
  while (!(await Promise.race([ended, grantedTo(path).then(() => false)]))) continue
  assert.deepEqual(await grantedTo(path), names)
  assert.deepEqual(await readdir(directory), ['access.yaml'], 'no lock and no temporary file stays behind')
})

test('processes that edit at once lose nothing either', async (t) => {
  const { path } = await policyFile(t)
  const script = `
    const { updateAccessFile } = await import(${JSON.stringify(accessFileModule)})
    const { addGrant } = await import(${JSON.stringify(addGrantModule)})
    const [path, name] = process.argv.slice(1)
    for (const n of [1, 2, 3, 4]) await updateAccessFile(path, (text) => addGrant(text, name + n, ['reader']))`
  const names = ['user:a', 'user:b', 'user:c', 'user:d', 'user:e']
  await Promise.all(
    names.map((name) => run(process.execPath, ['--input-type=module', '-e', script, '--', path, name])),
  )
  assert.deepEqual(
    await grantedTo(path),
    names.flatMap((name) => [1, 2, 3, 4].map((n) => `${name}${n}`)),
  )
})

test('an edit that would make the policy invalid is not written', async (t) => {
  const { directory, path } = await policyFile(t)
  await assert.rejects(
    updateAccessFile(path, (text) => text.replace('rules: []', '')),
    { code: 'POLICY_INVALID' },
  )
  assert.equal(await readFile(path, 'utf8'), defaultAccessDocument())
  assert.deepEqual(await readdir(directory), ['access.yaml'])
})

test('mode and symbolic link of the file stay', async (t) => {
  const { directory, path } = await policyFile(t)
  await chmod(path, 0o640)
  const linked = join(directory, 'linked.yaml')
  await symlink('access.yaml', linked)
  await updateAccessFile(linked, (text) => addGrant(text, 'user:alice', ['admin']))
  assert.equal((await stat(path)).mode & 0o777, 0o640)
  assert.deepEqual(await grantedTo(path), ['user:alice'])
})

test('a change from outside during the edit is kept, and the edit made on top of it', async (t) => {
  const { directory, path } = await policyFile(t)
  let runs = 0
  const outside = addGrant(defaultAccessDocument(), 'user:bob', ['guest'])
  const other = join(directory, 'other.yaml')
  await writeFile(other, outside)
  await updateAccessFile(path, (text) => {
    if (runs++ === 0) renameSync(other, path)
    return addGrant(text, 'user:alice', ['admin'])
  })
  assert.equal(runs, 2)
  assert.deepEqual(await grantedTo(path), ['user:alice', 'user:bob'])
})

test('a lock whose process is gone is taken over by exactly one', async (t) => {
  const { directory, path } = await policyFile(t)
  await writeFile(`${path}.lock`, `${hostname()} ${await endedProcess()} 0\n`)
  const names = ['user:a', 'user:b', 'user:c', 'user:d']
  await Promise.all(names.map((name) => updateAccessFile(path, (text) => addGrant(text, name, ['reader']))))
  assert.deepEqual(await grantedTo(path), names)
  assert.deepEqual(await readdir(directory), ['access.yaml'])
})

test('a lock of another host is waited for, never broken', async (t) => {
  const { directory, path } = await policyFile(t)
  const lock = `${path}.lock`
  await writeFile(lock, `elsewhere.example ${await endedProcess()} 0\n`)
  let ran = false
  const edit = updateAccessFile(path, (text) => {
    ran = true
    return addGrant(text, 'user:alice', ['admin'])
  })
  const free = join(directory, 'free.yaml')
  await writeFile(free, defaultAccessDocument())
  for (const name of ['user:a', 'user:b', 'user:c'])
    await updateAccessFile(free, (text) => addGrant(text, name, ['reader']))
  assert.equal(ran, false, 'three whole edits of another file fit into the wait')
  await rename(lock, join(directory, 'released'))
  await edit
  assert.deepEqual(await grantedTo(path), ['user:alice'])
})

test('a missing file is named, with the command that makes it', async (t) => {
  const { directory } = await policyFile(t)
  await assert.rejects(
    updateAccessFile(join(directory, 'none.yaml'), (text) => text),
    { code: 'NOT_FOUND', message: /none\.yaml.*sallyport init/ },
  )
})

test('roles already granted are not written again', async (t) => {
  const { path } = await policyFile(t)
  await updateAccessFile(path, (text) => addGrant(text, 'user:alice', ['reader']))
  const before = await stat(path)
  await updateAccessFile(path, (text) => addGrant(text, 'user:alice', ['reader']))
  assert.equal((await stat(path)).ino, before.ino)
  assert.equal(grantsOf(parseAccessDocument(await readFile(path, 'utf8'), path), 'user:alice').length, 1)
})
