import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callerCarrier } from '../../src/mcp/caller.ts'
import { callerOf } from '../support/caller.ts'

const caller = { ...callerOf('service:demo'), signal: new AbortController().signal }

test('a caller comes out as it went in', () => {
  const carrier = callerCarrier()
  assert.equal(carrier.unwrap(carrier.wrap(caller)), caller)
})

test('ASVS 16.2.5: what travels holds no credential, only a name for logs', () => {
  const authInfo = callerCarrier().wrap(caller)
  assert.deepEqual(authInfo, { token: '', clientId: 'service:demo', scopes: [] })
})

test('nothing, a forgery, a copy and the work of another carrier carry nobody', () => {
  const carrier = callerCarrier()
  const real = carrier.wrap(caller)
  const foreign = callerCarrier().wrap(caller)
  const forged = { token: '', clientId: 'service:demo', scopes: ['*'], extra: { caller } }
  for (const authInfo of [undefined, forged, { ...real }, foreign])
    assert.throws(() => carrier.unwrap(authInfo), /without an authenticated caller/)
})
