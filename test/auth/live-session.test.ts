import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveSession, type SessionAccess } from '../../src/auth/live-session.ts'
import { NO_LIVE_LIST, type LiveRevocations } from '../../src/auth/revocation.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { sealRecord, type LiveSession, type SessionRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'

const NOW = 1_800_000_000_000
const keys = sessionKeys(['a-secret-for-tests-only-0123456789abcdef'])
const others = sessionKeys(['another-secret-for-tests-0123456789abcdef'])
const token = newSessionToken('alice')

function sealed(more: Partial<SessionRecord> = {}, by = keys): SessionRecord {
  const fields: Omit<SessionRecord, 'mac'> = {
    digest: digestOf(token),
    user: 'alice',
    epoch: 3,
    createdAt: NOW,
    authenticatedAt: NOW,
    mfaAt: null,
    authenticationMethods: ['password'],
    binding: null,
    pending: null,
    idleTimeout: 1_000,
    expiresAt: NOW + 60_000,
    label: 'token',
    address: '127.0.0.1',
    userAgent: '',
  }
  return sealRecord({ ...fields, ...more }, by.seal)
}

const liveOf = (record: SessionRecord | undefined): LiveSession | undefined =>
  record && { record, idleExpiresAt: Infinity, lastSeenAt: 0 }

/** Asks with a store that vouches for whatever record it has; what is found, or why it is not. */
async function found(
  record: SessionRecord | undefined,
  now = NOW,
  presented = token,
  more: Partial<SessionAccess> = {},
): Promise<string> {
  const session = await liveSession(
    { token: presented, now, use: 'use', address: '127.0.0.1', certificateKey: undefined },
    {
      sessions: { validate: async () => liveOf(record) },
      keys,
      revocations: NO_LIVE_LIST,
      binding: 'none',
      ...more,
    },
  )
  return session.kind === 'live' ? session.principal.id : session.reason
}

test('a sealed record of this token that is not over is its user’s session, complete or pending', async () => {
  assert.equal(await found(sealed()), 'user:alice')
  assert.equal(await found(sealed({ pending: 'change_password' })), 'user:alice')
})

test('whatever the store says, it is none when it is over, unsealed, changed, or of another token or user', async () => {
  const wrong: Readonly<Record<string, Promise<string>>> = {
    gone: found(undefined),
    over: found(sealed(), NOW + 60_000),
    'sealed by another secret': found(sealed({}, others)),
    longer: found({ ...sealed(), expiresAt: NOW + 9e9 }),
    'complete at a stroke': found({ ...sealed({ pending: 'change_password' }), pending: null }),
    'with a second factor at a stroke': found({ ...sealed(), mfaAt: NOW }),
    'unbound at a stroke': found({ ...sealed({ binding: 'address:10.0.0.0/24' }), binding: null }),
    'of another epoch at a stroke': found({ ...sealed(), epoch: 4 }),
    'of another token': found(sealed(), NOW, newSessionToken('alice')),
    'of another user': found(sealed({ user: 'bob' })),
    'of no token': found(sealed(), NOW, 'sps_nonsense'),
  }
  for (const [what, reason] of Object.entries(wrong)) assert.equal(await reason, 'session_invalid', what)
  assert.equal(await found(sealed(), NOW + 59_999), 'user:alice')
})

const list = (more: Partial<LiveRevocations>): { revocations: LiveRevocations } => ({
  revocations: { ...NO_LIVE_LIST, ...more },
})
const isUnavailable = (why: RegExp) => (error: unknown) =>
  isSallyportError(error, 'STORE_UNAVAILABLE') && why.test(error.message)

test('a session on the live list is none, and the store is not even asked', async () => {
  const isRevoked = (name: string): boolean => name === `session:${digestOf(token)}`
  assert.equal(await found(sealed(), NOW, token, list({ isRevoked })), 'session_invalid')
  const sessions = { validate: async () => assert.fail('the store was asked') }
  assert.equal(await found(undefined, NOW, token, { ...list({ isRevoked }), sessions }), 'session_invalid')
})

test('one that gets on the list while the store is asked is none either', async () => {
  let isThere = false
  const sessions = {
    async validate() {
      isThere = true
      return liveOf(sealed())
    },
  }
  const more = { ...list({ isRevoked: () => isThere }), sessions }
  assert.equal(await found(undefined, NOW, token, more), 'session_invalid')
})

test('a list that was not read for too long lets nobody in', async () => {
  await assert.rejects(
    found(sealed(), NOW, token, list({ isFresh: () => false })),
    isUnavailable(/not read for too long/),
  )
})

test('a store that vouches for a session which must have ended has lost something: nobody is let in', async () => {
  const leastEpochOf = (user: string): number => (user === 'alice' ? 4 : 0)
  assert.equal(await found(sealed({ epoch: 4 }), NOW, token, list({ leastEpochOf })), 'user:alice')
  await assert.rejects(
    found(sealed(), NOW, token, list({ leastEpochOf })),
    isUnavailable(/has lost that sessions of user:alice have ended/),
  )
})

test('nor by a store that has lost that the user is disabled', async () => {
  const isDisabled = (user: string): boolean => user === 'alice'
  await assert.rejects(found(sealed(), NOW, token, list({ isDisabled })), isUnavailable(/has lost/))
  assert.equal(
    await found(sealed(), NOW, token, list({ isDisabled: (user) => user === 'bob' })),
    'user:alice',
  )
})

test('but if it says so itself when it is asked again, the session has just ended', async () => {
  const answers = [liveOf(sealed()), undefined]
  const sessions = { validate: async () => answers.shift() }
  const more = { ...list({ leastEpochOf: () => 4 }), sessions }
  assert.equal(await found(undefined, NOW, token, more), 'session_invalid')
})
