import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createRequire } from 'node:module'
import { ABSENT, type Evidence, type Identified, type Outcome } from '../../src/auth/authenticator.ts'
import type { SessionAccess } from '../../src/auth/live-session.ts'
import { NO_LIVE_LIST } from '../../src/auth/revocation.ts'
import { sessionAuthenticator } from '../../src/auth/session.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { sealRecord, type SessionRecord, type SessionRecords } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken, slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

const NOW = 1_000_000
const KEYS = sessionKeys(['a-secret-for-tests-only-0123456789abcdef'])
let directory: string
let store: Store
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  store = await openStore(`sqlite:${join(directory, 'sallyport.db')}`, { now: () => NOW, slotOf })
  for (const name of ['alice', 'bob'])
    await store.users.create({
      name,
      credentials: 'unusable',
      disabled: false,
      epoch: 0,
      revision: 0,
      createdAt: NOW,
    })
})
after(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

const EVIDENCE: Evidence = {
  certificate: ABSENT,
  authorization: undefined,
  cookieHeader: undefined,
  fetchSite: undefined,
  address: '127.0.0.1',
  now: NOW,
  use: 'use',
}

function recordOf(token: string, fields: Partial<SessionRecord> = {}, keys = KEYS): SessionRecord {
  const plain = {
    digest: digestOf(token),
    user: 'alice',
    epoch: 0,
    createdAt: NOW,
    authenticatedAt: NOW - 10,
    mfaAt: null,
    authenticationMethods: ['password'] as const,
    binding: null,
    pending: null,
    idleTimeout: 60_000,
    expiresAt: NOW + 600_000,
    label: 'test',
    address: '127.0.0.1',
    userAgent: 'test',
  }
  return sealRecord({ ...plain, ...fields }, keys.seal)
}

async function opened(fields: Partial<SessionRecord> = {}): Promise<string> {
  const token = newSessionToken('alice')
  assert.ok(await store.sessions.open(recordOf(token, fields), NOW + 60_000, undefined, NOW, 100))
  return token
}

async function ask(
  evidence: Partial<Evidence>,
  sessions: SessionRecords = store.sessions,
  more: Partial<SessionAccess> = {},
): Promise<Outcome> {
  const access = { sessions, keys: KEYS, revocations: NO_LIVE_LIST, binding: 'none', ...more } as const
  return sessionAuthenticator(access)({ ...EVIDENCE, ...evidence })
}

/** A store that says whatever somebody wrote into it. */
const saying = (record: SessionRecord): SessionRecords => ({
  validate: async () => ({ record, idleExpiresAt: NOW + 60_000, lastSeenAt: NOW }),
})

function cookie(token: string): string {
  const load = createRequire(createRequire(import.meta.url).resolve('express-session'))
  const { sign } = load('cookie-signature') as { sign: (value: string, key: string) => string }
  return `__Host-sallyport=${encodeURIComponent(`s:${sign(token, KEYS.cookie[0])}`)}`
}

const INVALID = { kind: 'refused', reason: 'session_invalid' }

test('a person is who opened the session, as bearer and as cookie of our own pages', async () => {
  const token = await opened({ mfaAt: NOW - 5 })
  const expected = {
    kind: 'identified',
    identity: {
      principal: { kind: 'user', name: 'alice', id: 'user:alice' },
      method: 'session',
      authenticatedAt: NOW - 10,
      mfaAt: NOW - 5,
      credential: `sha256:${digestOf(token)}`,
      expiresAt: NOW + 600_000,
    },
  }
  assert.deepEqual(await ask({ authorization: `Bearer ${token}` }), expected)
  assert.deepEqual(await ask({ cookieHeader: cookie(token), fetchSite: 'same-origin' }), expected)
})

test('without a second factor there is no time of one', async () => {
  const outcome = await ask({ authorization: `Bearer ${await opened()}` })
  assert.equal(outcome.kind, 'identified')
  assert.equal('mfaAt' in outcome.identity, false)
})

test('a cookie of any other site, of no site or without a word about it is refused', async () => {
  const cookieHeader = cookie(await opened())
  for (const fetchSite of [
    undefined,
    '',
    'none',
    'same-site',
    'cross-site',
    'same-origin, same-origin',
    'Same-Origin',
  ])
    assert.deepEqual(await ask({ cookieHeader, fetchSite }), {
      kind: 'refused',
      reason: 'session_wrong_site',
    })
})

test('no credential is absent; one that is no session is refused', async () => {
  assert.deepEqual(await ask({}), { kind: 'absent' })
  assert.deepEqual(await ask({ cookieHeader: 'other=1' }), { kind: 'absent' })
  assert.deepEqual(await ask({ authorization: `Bearer ${newSessionToken('alice')}` }), INVALID)
  assert.equal((await ask({ cookieHeader: '__Host-sallyport=x' })).kind, 'refused')
})

test('a session with a step to go is refused for that', async () => {
  const token = await opened({ pending: 'change_password' })
  assert.deepEqual(await ask({ authorization: `Bearer ${token}` }), {
    kind: 'refused',
    reason: 'session_pending',
  })
})

test('a store that cannot answer is not silence', async () => {
  const down: SessionRecords = { validate: async () => Promise.reject(new Error('down')) }
  const token = newSessionToken('alice')
  await assert.rejects(ask({ authorization: `Bearer ${token}` }, down), /down/)
})

test('whoever can write to the store cannot mint a session, move one or wake one up', async () => {
  const token = newSessionToken('alice')
  const asking = { authorization: `Bearer ${token}` }
  assert.equal((await ask(asking, saying(recordOf(token)))).kind, 'identified')
  const foreign = sessionKeys(['another-secret-for-tests-0123456789abcdef'])
  const written = {
    'sealed with another key': recordOf(token, {}, foreign),
    'not sealed': { ...recordOf(token), mac: '' },
    'of another user': { ...recordOf(token), user: 'bob' },
    'of a user of another slot, sealed': recordOf(token, { user: 'bob' }),
    'of another token': recordOf(newSessionToken('alice')),
    'of a name that is none': recordOf(token, { user: '*' }),
    'over since long ago': recordOf(token, { expiresAt: NOW - 1 }),
    'over just now': recordOf(token, { expiresAt: NOW }),
  }
  for (const [what, record] of Object.entries(written))
    assert.deepEqual(await ask(asking, saying(record)), INVALID, what)
})

test('a session that ends in a moment is still one', async () => {
  const token = newSessionToken('alice')
  const outcome = await ask(
    { authorization: `Bearer ${token}` },
    saying(recordOf(token, { expiresAt: NOW + 1 })),
  )
  assert.equal(outcome.kind, 'identified')
})

test('a look finds the session and does not slide it', async () => {
  const token = await opened()
  const asking = { authorization: `Bearer ${token}` }
  const idleEnd = async (): Promise<number | undefined> =>
    (await store.sessions.list('alice', NOW)).find(({ record }) => record.digest === digestOf(token))
      ?.idleExpiresAt
  const untouched = await idleEnd()
  assert.equal((await ask({ ...asking, now: NOW + 10, use: 'look' })).kind, 'identified')
  assert.equal(await idleEnd(), untouched)
  assert.equal((await ask({ ...asking, now: NOW + 10 })).kind, 'identified')
  assert.notEqual(await idleEnd(), untouched)
})

const ELSEWHERE = { kind: 'refused', reason: 'session_bound_elsewhere' }
const KEY = 'ab'.repeat(32)
const certificate = (more: Partial<Identified>): Outcome => ({
  kind: 'identified',
  identity: {
    principal: { kind: 'user', name: 'alice', id: 'user:alice' },
    method: 'certificate',
    authenticatedAt: NOW,
    credential: 'sha256:cc',
    certificateKey: KEY,
    expiresAt: NOW + 1,
    ...more,
  },
})

test('a session that is bound to a key is of use beside a certificate of that key alone', async () => {
  const authorization = `Bearer ${await opened({ binding: `certificate:${KEY}` })}`
  assert.deepEqual(await ask({ authorization }), ELSEWHERE)
  const other = certificate({ certificateKey: 'cd'.repeat(32) })
  assert.deepEqual(await ask({ authorization, certificate: other }), ELSEWHERE)
  assert.equal((await ask({ authorization, certificate: certificate({}) })).kind, 'identified')
  // Also one that a proxy forwards.
  const forwarded = certificate({ via: 'service:edge' })
  assert.equal((await ask({ authorization, certificate: forwarded })).kind, 'identified')
})

test('a session that is bound to an address is of no use through a proxy, whose address says nothing', async () => {
  const authorization = `Bearer ${await opened({ binding: 'address:127.0.0.0/24' })}`
  assert.equal((await ask({ authorization, address: '127.0.0.200' })).kind, 'identified')
  assert.equal((await ask({ authorization, certificate: certificate({}) })).kind, 'identified')
  assert.deepEqual(await ask({ authorization, address: '127.0.1.1' }), ELSEWHERE)
  assert.deepEqual(await ask({ authorization, certificate: certificate({ via: 'service:edge' }) }), ELSEWHERE)
})
