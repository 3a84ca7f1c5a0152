import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { addGrant } from '../../src/access/add-grant.ts'
import type { Policy } from '../../src/access/decision.ts'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { principalOf } from '../../src/auth/principal.ts'
import { policyFile } from '../../src/cli/policy-file.ts'
import type { FollowedFiles } from '../../src/cli/followed-files.ts'
import { heard, type Heard } from '../support/heard.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

type Told = { readonly loaded: Policy } | { readonly rejected: string }

interface Followed extends Heard<Told> {
  readonly file: FollowedFiles<Policy>
  readonly path: string
}

/** Waits for a policy to be loaded; refusals of what a slow writer left for a moment do not count. */
async function nextLoaded({ next }: Pick<Followed, 'next'>): Promise<Policy> {
  for (;;) {
    const told = await next()
    if ('loaded' in told) return told.loaded
  }
}

/** A followed default policy, in a folder of its own unless told where; closed after the test. */
async function followed(t: TestContext, at?: string): Promise<Followed> {
  const path = at ?? join(await temporaryDirectory(t), 'access.yaml')
  await writeFile(path, defaultAccessDocument())
  const file = await policyFile(path, [])
  const told = heard<Told>()
  file.follow({
    onLoaded: (loaded) => told.hear({ loaded }),
    onRejected: (rejected) => told.hear({ rejected }),
  })
  t.after(() => file.close())
  return { file, path, ...told }
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

function rolesOfAlice(policy: Policy): readonly string[] {
  const alice = principalOf('user', 'alice')
  assert.ok(alice)
  return policy.rightsOf({ principal: alice, methods: ['session'], authenticatedAt: 0, ceilings: [] }, 0)
    .roles
}

const withAlice = (role: string): string => addGrant(defaultAccessDocument(), 'user:alice', [role])

test('a replaced file is in force well before the poll', async (t) => {
  const { file, path, next } = await followed(t)
  const started = performance.now()
  await replace(path, withAlice('admin'))
  const told = await next()
  assert.ok(performance.now() - started < 1000, 'the folder is watched, not only polled')
  assert.ok('loaded' in told)
  assert.equal(told.loaded, file.current())
  assert.deepEqual(rolesOfAlice(file.current()), ['admin'])
})

test('a file rewritten in place is taken too', async (t) => {
  const { file, path, next } = await followed(t)
  await writeFile(path, withAlice('guest'))
  await nextLoaded({ next })
  assert.deepEqual(rolesOfAlice(file.current()), ['guest'])
})

test('a broken file is refused with its position, the old policy stays, and a good one ends the problem', async (t) => {
  const { file, path, next } = await followed(t)
  const before = file.current()
  await replace(path, withAlice('admin').replace('rules: []', 'rules: [ surprise ]'))
  const told = await next()
  assert.ok('rejected' in told)
  assert.match(told.rejected, /access\.yaml:13:10: rules\[0\]: a rule is a map/)
  assert.equal(file.current(), before)
  assert.equal(file.lastProblem(), told.rejected)
  await replace(path, withAlice('reader'))
  assert.ok('loaded' in (await next()))
  assert.equal(file.lastProblem(), null)
  assert.deepEqual(rolesOfAlice(file.current()), ['reader'])
})

test('a half-written file is refused until its rest arrives', async (t) => {
  const { file, path, next } = await followed(t)
  const text = withAlice('admin')
  await writeFile(path, text.slice(0, text.indexOf('grants:')))
  const told = await next()
  assert.ok('rejected' in told)
  assert.deepEqual(rolesOfAlice(file.current()), [])
  await writeFile(path, text.slice(text.indexOf('grants:')), { flag: 'a' })
  await nextLoaded({ next })
  assert.deepEqual(rolesOfAlice(file.current()), ['admin'])
})

test('a removed file keeps the old policy in force, and the same file put back ends the problem', async (t) => {
  const { file, path, next } = await followed(t)
  const before = file.current().digest
  await unlink(path)
  const told = await next()
  assert.ok('rejected' in told)
  assert.match(told.rejected, /cannot be read \(ENOENT\)/)
  assert.equal(file.current().digest, before)
  await replace(path, defaultAccessDocument())
  assert.equal((await nextLoaded({ next })).digest, before)
  assert.equal(file.current().digest, before)
  assert.equal(file.lastProblem(), null)
})

test('one problem is reported once, whatever else happens in the folder', async (t) => {
  const { path, next, unheard } = await followed(t)
  const neighbour = await followed(t, join(dirname(path), 'neighbour.yaml'))
  await replace(path, 'nonsense\n')
  assert.ok('rejected' in (await next()))
  for (const role of ['guest', 'reader', 'user']) {
    await replace(neighbour.path, withAlice(role))
    await nextLoaded(neighbour)
  }
  assert.deepEqual(unheard, [])
})

test('a start without a good file is refused', async (t) => {
  const path = join(await temporaryDirectory(t), 'access.yaml')
  await assert.rejects(policyFile(path, []), { code: 'POLICY_INVALID', message: /sallyport init/ })
  await writeFile(path, 'version: 1\n')
  await assert.rejects(policyFile(path, []), { code: 'POLICY_INVALID', message: /rules: must be a list/ })
})

test('after close nothing is reported', async (t) => {
  const { file, path, unheard } = await followed(t)
  const other = await followed(t)
  const before = file.current()
  file.close()
  await replace(path, withAlice('admin'))
  await replace(other.path, withAlice('admin'))
  await other.next()
  assert.equal(file.current(), before)
  assert.deepEqual(unheard, [])
})

test('what is no file of a policy’s size is refused, neither waited for nor read', async (t) => {
  const { path, next, file } = await followed(t)
  const inPlaceOf: readonly (readonly [put: () => Promise<unknown>, says: RegExp])[] = [
    [async () => promisify(execFile)('mkfifo', [path]), /not a regular file/],
    [async () => mkdir(path), /not a regular file|EISDIR/],
    [async () => writeFile(path, ' '.repeat(2_000_000)), /larger than/],
  ]
  for (const [put, says] of inPlaceOf) {
    await rm(path, { recursive: true })
    await put()
    let told = await next()
    // That the file is gone for a moment may be told, too.
    while (!('rejected' in told) || !says.test(told.rejected)) told = await next()
    assert.match(file.lastProblem() ?? '', says)
    await rm(path, { recursive: true })
    await replace(path, defaultAccessDocument())
    await nextLoaded({ next })
  }
})
