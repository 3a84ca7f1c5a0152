import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { withFileLock } from '../../src/pki/file-lock.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const MODULE = resolve(import.meta.dirname, '../../src/pki/file-lock.ts')

/** Counts in a file, under its lock, by reading and writing; may die while holding it. */
const COUNTER = `
const { withFileLock } = await import(process.argv[1])
const { readFileSync, writeFileSync } = await import('node:fs')
const [, , path, times, dies] = process.argv
for (let time = 0; time < Number(times); time++)
  await withFileLock(path, async () => {
    const count = Number(readFileSync(path, 'utf8'))
    await new Promise((go) => setImmediate(go))
    writeFileSync(path, String(count + 1))
    if (dies === 'dies' && time === Number(times) - 1) process.kill(process.pid, 'SIGKILL')
  })
`

async function counting(path: string, times: number, dies: boolean): Promise<void> {
  const args = ['--input-type=module', '-e', COUNTER, MODULE, path, String(times), dies ? 'dies' : 'lives']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'exit')
  assert.equal(child.signalCode, dies ? 'SIGKILL' : null)
}

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}

describe('a file lock', () => {
  it('lets one work at a time, though processes die holding it', async (t) => {
    const path = join(await temporaryDirectory(t), 'count')
    await writeFile(path, '0')
    await Promise.all([1, 2, 3, 4, 5, 6].map(async (one) => await counting(path, 15, one % 2 === 0)))
    assert.equal(await readFile(path, 'utf8'), '90')
  })

  it('is taken over from a process whose number is another’s by now', async (t) => {
    const directory = await temporaryDirectory(t)
    const path = join(directory, 'file')
    // This very process is alive, but it did not begin when the owner of the lock did.
    await writeFile(`${path}.lock`, `${hostname()} ${process.pid} 0123 1\n`)
    assert.equal(await withFileLock(path, async () => 'done'), 'done')
    assert.deepEqual(await readdir(directory), [])
  })

  it('is taken over when the one who was taking it over died, too', async (t) => {
    const directory = await temporaryDirectory(t)
    const path = join(directory, 'file')
    const gone = await endedProcess()
    await writeFile(`${path}.lock`, `${hostname()} ${gone} aa 1\n`)
    await writeFile(`${path}.lock.aa.gone`, `${hostname()} ${gone} bb 1\n`)
    assert.equal(await withFileLock(path, async () => 'done'), 'done')
    assert.deepEqual(await readdir(directory), [])
  })

  it('leaves nothing behind, whatever the work does', async (t) => {
    const directory = await temporaryDirectory(t)
    const work = withFileLock(join(directory, 'file'), async () => await Promise.reject(new Error('no')))
    await assert.rejects(work, /no/)
    assert.deepEqual(await readdir(directory), [])
  })
})
