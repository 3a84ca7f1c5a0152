import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePermissions, cutDown } from '../../src/access/permission.ts'
import { sameRights } from '../../src/access/same-rights.ts'
import type { Rights } from '../../src/auth/context.ts'

const rights = (
  roles: readonly string[],
  patterns: readonly string[],
): Pick<Rights, 'roles' | 'permissions'> => ({
  roles,
  permissions: compilePermissions(patterns),
})

const words = fc.subarray(['a', 'b', 'c'])
const patterns = fc.subarray(['notes:read', 'notes:*', '*:read', '*'])

test('rights are the same if roles and permissions are, in whatever order', () => {
  fc.assert(
    fc.property(words, words, patterns, patterns, (roles, otherRoles, some, others) => {
      const isSame = roles.join() === otherRoles.join() && some.join() === others.join()
      const other = rights(otherRoles.toReversed(), others.toReversed())
      assert.equal(sameRights(rights(roles, some), other), isSame)
    }),
  )
})

test('what a ceiling takes away counts', () => {
  const whole = rights(['reader'], ['notes:*'])
  const cut = { ...whole, permissions: cutDown(whole.permissions, ['notes:read']) }
  assert.equal(sameRights(whole, cut), false)
  assert.equal(sameRights(cut, { ...whole, permissions: cutDown(whole.permissions, ['notes:read']) }), true)
})
