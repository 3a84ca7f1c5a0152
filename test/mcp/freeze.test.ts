import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deepFreeze } from '../../src/mcp/freeze.ts'

function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen)
}

test('any value of JSON comes back itself, unchanged and frozen through and through', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const before = JSON.stringify(value)
      assert.equal(deepFreeze(value), value)
      assert.equal(JSON.stringify(value), before)
      assert.ok(isDeepFrozen(value))
    }),
  )
})

test('what is inside something frozen already is frozen, too', () => {
  const value = deepFreeze(Object.freeze({ list: [{ open: true }] }))
  assert.ok(isDeepFrozen(value))
  assert.throws(() => Object.assign(value.list[0] ?? {}, { open: false }), TypeError)
})
