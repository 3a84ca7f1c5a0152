import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { MIGRATIONS } from '../../src/store/sqlite-schema.ts'
import { serving } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { installation } from '../support/installation.ts'

/** The store as the version left it that sealed nothing yet. */
function olderStore(path: string, ...users: readonly string[]): void {
  const database = new DatabaseSync(path)
  for (const migration of MIGRATIONS.slice(0, 2)) database.exec(migration)
  database.exec('PRAGMA user_version = 2')
  for (const name of users)
    database
      .prepare('INSERT INTO users VALUES (?, ?, NULL, ?, 0, 1)')
      .run(name, 'hash', Number(name === 'off'))
  database.close()
}

test('a server that is upgraded serves, says whom to reset and how, and says no more once it is done', async (t) => {
  const { cwd, remove } = await installation()
  t.after(remove)
  olderStore(join(cwd, 'data/sallyport.db'), 'alice', 'off')
  const first = await serving('serve', { cwd })
  t.after(async () => first.stop())
  const said =
    /1 of 2 users \(alice\) cannot log in, since an older version added them: \\"npx sallyport user reset-password NAME\\"/
  await first.logged(said)
  await first.stop()

  const listed = (await inProcess(['user', 'list'], { cwd })).stdout.split('\n')
  assert.match(listed[1] ?? '', /^alice +cannot log in: added by an older version, .*reset-password/)
  assert.match(listed[2] ?? '', /^off +disabled/)

  assert.equal((await inProcess(['user', 'reset-password', 'alice'], { cwd })).code, 0)
  const second = await serving('serve', { cwd })
  await second.stop()
  assert.ok(!second.log.some((line) => said.test(line)), second.log.join('\n'))
})
