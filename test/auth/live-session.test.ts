import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveSession } from '../../src/auth/live-session.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { sealRecord, type SessionRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken } from '../../src/auth/session-token.ts'

const NOW = 1_800_000_000_000
const keys = sessionKeys(['a-secret-for-tests-only-0123456789abcdef'])
const others = sessionKeys(['another-secret-for-tests-0123456789abcdef'])
const token = newSessionToken('alice')

function sealed(more: Partial<SessionRecord> = {}, by = keys): SessionRecord {
  const fields = {
    digest: digestOf(token),
    user: 'alice',
    epoch: 0,
    createdAt: NOW,
    authenticatedAt: NOW,
    mfaAt: null,
    pending: null,
    idleTimeout: 1_000,
    expiresAt: NOW + 60_000,
    label: 'token',
    address: '127.0.0.1',
    userAgent: '',
  }
  return sealRecord({ ...fields, ...more }, by.seal)
}

/** Asks with a store that vouches for whatever record it has. */
async function found(
  record: SessionRecord | undefined,
  now = NOW,
  presented = token,
): Promise<string | undefined> {
  const live = record && { record, idleExpiresAt: Infinity, lastSeenAt: 0 }
  return (await liveSession(presented, { validate: async () => live }, keys, now))?.principal.id
}

test('a sealed record of this token that is not over is its user’s session, complete or pending', async () => {
  assert.equal(await found(sealed()), 'user:alice')
  assert.equal(await found(sealed({ pending: 'change_password' })), 'user:alice')
})

test('whatever the store says, it is none when it is over, unsealed, changed, or of another token or user', async () => {
  assert.equal(await found(undefined), undefined)
  assert.equal(await found(sealed(), NOW + 59_999), 'user:alice')
  assert.equal(await found(sealed(), NOW + 60_000), undefined)
  assert.equal(await found(sealed({}, others)), undefined)
  assert.equal(await found({ ...sealed(), expiresAt: NOW + 9e9 }), undefined)
  assert.equal(await found({ ...sealed({ pending: 'change_password' }), pending: null }), undefined)
  assert.equal(await found(sealed(), NOW, newSessionToken('alice')), undefined)
  assert.equal(await found(sealed({ user: 'bob' })), undefined)
  assert.equal(await found(sealed(), NOW, 'sps_nonsense'), undefined)
})
