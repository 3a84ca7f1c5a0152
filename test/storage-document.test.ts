import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { COMMANDS, rightsOf } from './support/redis-user.ts'

const storage = readFileSync(resolve(import.meta.dirname, '../STORAGE.md'), 'utf8')

test('the line in STORAGE.md that makes the user of Redis can be pasted into a shell, and gives what the tests run with', () => {
  const [line = ''] = /^redis-cli ACL SETUSER (?:.*\\\n)*.*/m.exec(storage) ?? []
  const shown = line.replace(/^redis-cli /, `printf '%s\\n' `)
  const words = execFileSync('sh', ['-euc', shown], { encoding: 'utf8' }).trimEnd().split('\n')
  assert.deepEqual(words.slice(0, 5), ['ACL', 'SETUSER', 'sallyport', 'on', '>PASSWORD'])
  assert.deepEqual(words.slice(5).toSorted(), rightsOf(COMMANDS).split(' ').toSorted())
})
