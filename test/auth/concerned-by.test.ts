import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concernedBy } from '../../src/auth/concerned-by.ts'
import type { AuthContext } from '../../src/auth/context.ts'
import type { Revoked } from '../../src/auth/revocation.ts'
import { contextOf } from '../support/caller.ts'

const until = 2_000
const ONE = 'aa'.repeat(32)
const session = (id: string, digest: string): AuthContext =>
  contextOf(id, [], { methods: ['session'], credential: `sha256:${digest}`, session: `sha256:${digest}` })
const both = (id: string, digest: string): AuthContext =>
  contextOf(id, [], { methods: ['certificate', 'session'], session: `sha256:${digest}` })

const callers = {
  'alice, first session': session('user:alice', ONE),
  'alice, second session': session('user:alice', 'bb'.repeat(32)),
  'alice, certificate': contextOf('user:alice'),
  'alice, certificate and third session': both('user:alice', 'cc'.repeat(32)),
  bob: session('user:bob', 'dd'.repeat(32)),
  'service alice': contextOf('service:alice'),
  'alice of others': contextOf('user:corp.example/alice'),
}
const concerned = (...entries: readonly Revoked[]): readonly string[] => {
  const isConcerned = concernedBy(entries)
  return Object.entries(callers).flatMap(([name, context]) => (isConcerned(context) ? [name] : []))
}

test('a session that ended concerns itself alone', () => {
  assert.deepEqual(concerned({ kind: 'session', digest: ONE, until }), ['alice, first session'])
  assert.deepEqual(concerned({ kind: 'session', digest: 'cc'.repeat(32), until }), [
    'alice, certificate and third session',
  ])
})

test('a user concerns all of its sessions, and no certificate alone', () => {
  assert.deepEqual(concerned({ kind: 'user', user: 'alice', epoch: 2, until }), [
    'alice, first session',
    'alice, second session',
    'alice, certificate and third session',
  ])
})

test('an account concerns its user, whatever he is known by, and no namesake', () => {
  for (const disabled of [true, false])
    assert.deepEqual(concerned({ kind: 'account', user: 'alice', epoch: 2, disabled, until }), [
      'alice, first session',
      'alice, second session',
      'alice, certificate',
      'alice, certificate and third session',
    ])
})

test('a certificate concerns all that are known by one', () => {
  assert.deepEqual(concerned({ kind: 'certificate', issuer: ONE, serial: '01', until }), [
    'alice, certificate',
    'alice, certificate and third session',
    'service alice',
    'alice of others',
  ])
})

test('several entries concern whom each of them does, and none concerns nobody', () => {
  assert.deepEqual(
    concerned({ kind: 'session', digest: ONE, until }, { kind: 'user', user: 'bob', epoch: 1, until }),
    ['alice, first session', 'bob'],
  )
  assert.deepEqual(concerned(), [])
})
