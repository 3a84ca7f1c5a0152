import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { followFiles, type FollowedFiles } from '../../src/cli/followed-files.ts'
import { SallyportError } from '../../src/errors.ts'
import { heard, type Heard } from '../support/heard.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Two files that make sense together only: both say the same. */
interface Pair {
  readonly said: string
}
type Told = { readonly loaded: Pair } | { readonly rejected: string }

interface Followed extends Heard<Told> {
  readonly files: FollowedFiles<Pair>
  readonly paths: readonly [one: string, other: string]
}

const PATIENCE = 1_000

async function followed(
  t: TestContext,
  at: readonly [string, string],
  isGood: (one: string, other: string) => boolean = () => true,
): Promise<Followed> {
  const [one, other] = at
  const file = { what: 'the file', largest: 1000, secret: false, help: 'put it back' }
  const files = await followFiles<Pair>(
    {
      files: [
        { ...file, path: one },
        { ...file, path: other, secret: true },
      ],
      judge(text) {
        if (!isGood(text(one), text(other))) return { problem: `${text(one)} is not good` }
        if (text(one) !== text(other))
          throw new SallyportError('NOT_FOUND', `${text(one)} is not ${text(other)}`)
        return { value: { said: text(one) } }
      },
      patience: PATIENCE,
    },
    (problem) => new Error(problem),
  )
  const told = heard<Told>()
  files.follow({
    onLoaded: (loaded) => told.hear({ loaded }),
    onRejected: (rejected) => told.hear({ rejected }),
  })
  t.after(() => files.close())
  return { files, paths: at, ...told }
}

async function pair(t: TestContext): Promise<[string, string]> {
  const folders = [await temporaryDirectory(t), await temporaryDirectory(t)] as const
  const paths: [string, string] = [join(folders[0], 'one'), join(folders[1], 'other')]
  for (const path of paths) await writeFile(path, 'first', { mode: 0o600 })
  return paths
}

async function replace(path: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(`${path}.new`, text, { mode })
  await rename(`${path}.new`, path)
}

const loaded = (said: string): Told => ({ loaded: { said } })

test('two files in two folders, replaced one after the other, are taken together and never refused', async (t) => {
  const mismatch = heard<boolean>()
  const { paths, next, unheard, files } = await followed(t, await pair(t), (one, other) => {
    if (one !== other) mismatch.hear(true)
    return true
  })
  for (const text of ['second', 'third']) {
    await replace(paths[1], text)
    await mismatch.next()
    await replace(paths[0], text)
    assert.deepEqual(await next(), loaded(text))
  }
  assert.deepEqual(unheard, [])
  assert.equal(files.lastProblem(), null)
})

test('a mismatch that stays is refused once, what was in force stays, and the rest ends the problem', async (t) => {
  const { paths, next, unheard, files } = await followed(t, await pair(t))
  const before = files.current()
  const started = performance.now()
  await replace(paths[0], 'second')
  assert.deepEqual(await next(), { rejected: 'second is not first' })
  assert.ok(performance.now() - started >= PATIENCE, 'it may have become good')
  assert.equal(files.current(), before)
  assert.equal(files.lastProblem(), 'second is not first')
  await replace(paths[1], 'second')
  assert.deepEqual(await next(), loaded('second'))
  assert.equal(files.lastProblem(), null)
  assert.deepEqual(unheard, [])
})

test('a swapped link, as Kubernetes mounts are updated, is taken in one step', async (t) => {
  const folder = await temporaryDirectory(t)
  const version = async (name: string, text: string): Promise<void> => {
    await mkdir(join(folder, name))
    for (const file of ['one', 'other']) await writeFile(join(folder, name, file), text, { mode: 0o600 })
    await symlink(name, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  await version('..1', 'first')
  for (const file of ['one', 'other']) await symlink(`..data/${file}`, join(folder, file))
  const { next, unheard } = await followed(t, [join(folder, 'one'), join(folder, 'other')])
  const started = performance.now()
  await version('..2', 'second')
  await rm(join(folder, '..1'), { recursive: true })
  assert.deepEqual(await next(), loaded('second'))
  assert.ok(performance.now() - started < 1_000, 'the folder of the link is watched, not only polled')
  assert.deepEqual(unheard, [])
})

test('a folder that is replaced with all that is in it is noticed', async (t) => {
  const parent = await temporaryDirectory(t)
  const folder = join(parent, 'pair')
  const fill = async (where: string, text: string): Promise<void> => {
    await mkdir(where)
    for (const file of ['one', 'other']) await writeFile(join(where, file), text, { mode: 0o600 })
  }
  await fill(folder, 'first')
  const { next } = await followed(t, [join(folder, 'one'), join(folder, 'other')])
  for (const text of ['second', 'third']) {
    await fill(join(parent, 'next'), text)
    await rename(folder, join(parent, text))
    await rename(join(parent, 'next'), folder)
    assert.deepEqual(await next(), loaded(text))
  }
})

test('the same files after a problem are the very value that was in force', async (t) => {
  const { paths, next, files } = await followed(t, await pair(t))
  const before = files.current()
  await rm(paths[0])
  assert.deepEqual(await next(), { rejected: `the file ${paths[0]} cannot be read (ENOENT): put it back` })
  await replace(paths[0], 'first')
  assert.deepEqual(await next(), loaded('first'))
  assert.equal(files.current(), before)
})

test('a secret that others may read is refused until it is closed to them', async (t) => {
  const { paths, next, unheard } = await followed(t, await pair(t))
  await chmod(paths[1], 0o644)
  const told = await next()
  assert.ok('rejected' in told)
  assert.match(told.rejected, /other is open to others than its owner \(mode 644\): run "chmod 600/)
  await chmod(paths[0], 0o644)
  await chmod(paths[1], 0o600)
  assert.deepEqual(await next(), loaded('first'))
  assert.deepEqual(unheard, [])
})

test('what is no regular file, or too large, is refused, neither waited for nor read', async (t) => {
  const { paths, next, files } = await followed(t, await pair(t))
  const [path] = paths
  const inPlaceOf: readonly (readonly [put: () => Promise<unknown>, says: RegExp])[] = [
    [async () => promisify(execFile)('mkfifo', [path]), /one is not a regular file/],
    [async () => mkdir(path), /one is not a regular file/],
    [async () => symlink(path, path), /one cannot be read \(ELOOP\)/],
    [async () => writeFile(path, ' '.repeat(1001)), /one is larger than 1000 bytes/],
  ]
  for (const [put, says] of inPlaceOf) {
    await rm(path, { recursive: true })
    await put()
    const told = await next()
    assert.ok('rejected' in told)
    assert.match(told.rejected, says)
    assert.equal(files.lastProblem(), told.rejected)
    await rm(path, { recursive: true })
    await replace(path, 'first')
    assert.deepEqual(await next(), loaded('first'))
  }
})

test('told to look, it judges anew what has not changed', async (t) => {
  let isGood = true
  const { next, files, paths } = await followed(t, await pair(t), () => isGood)
  isGood = false
  files.look()
  assert.deepEqual(await next(), { rejected: 'first is not good' })
  isGood = true
  files.look()
  assert.deepEqual(await next(), loaded('first'))
  await replace(paths[1], 'second')
  await replace(paths[0], 'second')
  assert.deepEqual(await next(), loaded('second'))
})

test('what changes between the first look and following is not missed', async (t) => {
  const paths = await pair(t)
  const file = { what: 'the file', largest: 1000, secret: false, help: 'put it back' }
  const files = await followFiles<string>(
    { files: [{ ...file, path: paths[0] }], judge: (text) => ({ value: text(paths[0]) }), patience: 0 },
    (problem) => new Error(problem),
  )
  t.after(() => files.close())
  await replace(paths[0], 'second')
  const { hear, next } = heard<string>()
  files.follow({ onLoaded: hear, onRejected: hear })
  assert.equal(await next(), 'second')
})

test('what cannot be put in force is refused, and what was stays', async (t) => {
  const [path] = await pair(t)
  const file = { what: 'the file', largest: 1000, secret: false, help: 'put it back', path }
  const files = await followFiles<string>(
    { files: [file], judge: (text) => ({ value: text(path) }), patience: 0 },
    (problem) => new Error(problem),
  )
  t.after(() => files.close())
  const told = heard<string>()
  files.follow({
    onLoaded(value) {
      if (value === 'second') throw new Error('no')
      told.hear(value)
    },
    onRejected: told.hear,
  })
  await replace(path, 'second')
  assert.equal(await told.next(), `${path} cannot be taken: no`)
  assert.equal(files.current(), 'first')
  assert.equal(files.lastProblem(), `${path} cannot be taken: no`)
  await replace(path, 'third')
  assert.equal(await told.next(), 'third')
  assert.equal(files.lastProblem(), null)
})

test('a file that never rests is refused by its name, and all are taken once it does', async (t) => {
  const [restless, quiet] = await pair(t)
  const file = { what: 'the file', largest: 1000, secret: false, help: 'put it back' }
  const files = await followFiles<string>(
    {
      files: [
        { ...file, path: restless },
        { ...file, path: quiet },
      ],
      judge: (text) => ({ value: text(quiet) }),
      patience: 0,
    },
    (problem) => new Error(problem),
  )
  t.after(() => files.close())
  const told = heard<string>()
  const stop = new AbortController()
  // In every turn of the event loop, so that no two looks at it see the same.
  const writing = (async () => {
    while (!stop.signal.aborted) {
      writeFileSync(`${restless}.new`, String(performance.now()), { mode: 0o600 })
      renameSync(`${restless}.new`, restless)
      await nextTurn()
    }
  })()
  files.follow({ onLoaded: told.hear, onRejected: told.hear })
  await replace(quiet, 'new')
  const said = await told.next()
  const inForce = files.current()
  stop.abort()
  await writing
  assert.deepEqual([said, inForce], [`the file ${restless} keeps changing: see who writes it`, 'first'])
  assert.equal(await told.next(), 'new')
  assert.equal(files.lastProblem(), null)
})

test('without good files there is nothing to follow', async (t) => {
  const paths = await pair(t)
  await writeFile(paths[1], 'second')
  await assert.rejects(followed(t, paths), { message: 'first is not second' })
  await rm(paths[1])
  await assert.rejects(followed(t, paths), { message: /other cannot be read \(ENOENT\): put it back/ })
})
