import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patternsOf } from '../../src/access/permission.ts'
import { whoami } from '../../src/tools/whoami.ts'
import { contextOf } from '../support/caller.ts'
import { callOf, run } from '../support/tool.ts'

const tool = whoami(({ permissions }) => patternsOf(permissions))
const AT = Date.parse('2026-11-21T10:00:00.000Z')

test('it tells who calls, how that was proved, what for and until when, as text and as data', async () => {
  const { permissions } = contextOf('user:alice', ['notes:*', 'time:read'])
  const call = callOf('user:alice', {
    methods: ['certificate', 'session'],
    roles: ['editor'],
    permissions,
    authenticatedAt: AT,
    mfaAt: AT + 1,
    expiresAt: AT + 2,
  })
  const result = await run(tool, {}, call)
  const expected = {
    principal: 'user:alice',
    methods: ['certificate', 'session'],
    roles: ['editor'],
    permissions: ['notes:*', 'time:read'],
    authenticatedAt: '2026-11-21T10:00:00.000Z',
    mfaAt: '2026-11-21T10:00:00.001Z',
    expiresAt: '2026-11-21T10:00:00.002Z',
  }
  assert.deepEqual(result.structuredContent, expected)
  const [block] = result.content
  assert.ok(block?.type === 'text')
  assert.deepEqual(JSON.parse(block.text), expected)
})

test('without a second factor it says so, and it says nothing of the credential', async () => {
  const result = await run(tool, {}, callOf('service:demo', { credential: 'sha256:secret' }))
  assert.match(JSON.stringify(result.structuredContent), /"mfaAt":null/)
  assert.doesNotMatch(JSON.stringify(result), /secret|sha256/)
})

test('every caller that is known may ask, and about nobody else', async () => {
  assert.equal(tool.permission, 'authenticated')
  assert.equal((await tool.prepare({ principal: 'user:bob' })).kind, 'invalid')
})
