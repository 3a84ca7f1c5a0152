import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePermissions } from '../src/access/permission.ts'
import { ownPrincipalOf } from '../src/auth/principal.ts'
import { wantedOfPerson } from '../src/wanted-of-person.ts'
import type { WantedByUpstream } from '../src/server-options.ts'

const WIKI = {
  upstream: 'wiki',
  audience: 'https://wiki',
  names: ['token'],
  permissions: ['wiki:read', 'wiki:write'],
}
const FILES = { upstream: 'files', audience: 'stdio:x', names: ['key'], permissions: ['files:list'] }
const OPEN = { upstream: 'open', audience: 'https://open', names: [], permissions: ['open:read'] }
const UNPINNED = { upstream: 'new', audience: 'https://new', names: ['key'], permissions: [] }
const PROVED = { authenticatedAt: 1, mfaAt: null, address: '' }

test('a person is asked for what upstreams want of which the policy gives him anything, and hears of no other', () => {
  const alice = ownPrincipalOf('user', 'alice')
  assert.ok(alice)
  const asked = (permissions: readonly string[], wanted: readonly WantedByUpstream[]): readonly string[] =>
    wantedOfPerson(
      () => wanted,
      (_principal, proved) => ({
        roles: [],
        permissions: compilePermissions(proved === PROVED ? permissions : []),
        secondFactorRequired: false,
      }),
    )(alice, PROVED).map(({ upstream }) => upstream)
  const all = [WIKI, FILES, OPEN, UNPINNED]
  assert.deepEqual(asked(['wiki:write'], all), ['wiki'])
  assert.deepEqual(asked(['*'], all), ['wiki', 'files'])
  assert.deepEqual(asked(['wiki:*', 'files:other', 'open:read'], all), ['wiki'])
  assert.deepEqual(asked([], all), [])
  assert.deepEqual(asked(['*'], []), [])
})
