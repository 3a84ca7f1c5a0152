import assert from 'node:assert/strict'
import { test } from 'node:test'
import { misfitsOf } from '../../src/access/misfits.ts'
import type { SurfaceEntry } from '../../src/access/surface.ts'

const RULES = `version: 1
rules:
  - { name: share, effect: deny, tools: [ "files_*" ], when: '!within(args.path, "/srv")' }
  - { name: never, effect: deny, tools: [ "wiki_delete" ] }
roles: {}
grants: []
`

function tool(name: string, properties: Record<string, unknown>): SurfaceEntry {
  const inputSchema = { type: 'object', properties }
  return { kind: 'tool', name, permission: 'files:read', upstream: 'files', annotations: null, inputSchema }
}

test('what a rule speaks of and a tool does not have, or has in another type, makes it a misfit', () => {
  const good = tool('files_read', { path: { type: 'string' } })
  const renamed = tool('files_write', { file: { type: 'string' } })
  const retyped = tool('files_list', { path: { type: 'number' } })
  const other = tool('wiki_read', { file: { type: 'string' } })
  assert.deepEqual(misfitsOf(RULES, 'access.yaml', [good, renamed, retyped, other]), [renamed, retyped])
})

test('a text that is no policy has no misfits, and is refused', () => {
  assert.throws(() => misfitsOf('version: 2\n', 'access.yaml', []), /access\.yaml/)
})
