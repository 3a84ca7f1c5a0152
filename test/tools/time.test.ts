import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeNow } from '../../src/tools/time.ts'
import { run } from '../support/tool.ts'

test('it tells the time of the server’s clock, in UTC, each time anew', async () => {
  let now = Date.parse('2026-11-21T10:00:00.000Z')
  const tool = timeNow(() => now)
  assert.deepEqual(await run(tool, {}), { content: [{ type: 'text', text: '2026-11-21T10:00:00.000Z' }] })
  now += 1
  assert.deepEqual(await run(tool, {}), { content: [{ type: 'text', text: '2026-11-21T10:00:00.001Z' }] })
})

test('it takes no arguments and needs time:read', async () => {
  const tool = timeNow(() => 0)
  assert.equal((await tool.prepare({ zone: 'UTC' })).kind, 'invalid')
  assert.equal(tool.permission, 'time:read')
})
