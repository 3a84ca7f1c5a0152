import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isPrincipalKind,
  ownPrincipalOf,
  parsePrincipal,
  PRINCIPAL_NAME,
  principalOf,
} from '../../src/auth/principal.ts'

const kind = fc.constantFrom('service', 'agent', 'user')
const name = fc.stringMatching(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/)

test('a principal is read back from its id, whatever its kind and name', () => {
  fc.assert(
    fc.property(kind, name, (someKind, someName) => {
      const principal = principalOf(someKind, someName)
      assert.deepEqual(principal, { kind: someKind, name: someName, id: `${someKind}:${someName}` })
      assert.deepEqual(parsePrincipal(principal.id), principal)
    }),
  )
})

test('whatever text is read as a principal is exactly its id', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(kind, fc.string()).map(([someKind, rest]) => `${someKind}:${rest}`),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const principal = parsePrincipal(text)
      if (principal !== undefined) assert.equal(principal.id, text)
    }),
  )
})

test('a name of ours is 1 to 64 of a-z 0-9 . _ -, and begins and ends with a letter or digit', () => {
  for (const good of ['a', '0', 'a.b', 'a-b_c', 'a..b', 'a'.repeat(64)])
    assert.equal(principalOf('service', good)?.name, good)
  for (const bad of ['', '.', '..', '*', 'A', 'ä', '-a', 'a-', 'a:b', 'a b', 'a\n', '\na', 'a'.repeat(65)])
    assert.equal(principalOf('service', bad), undefined, JSON.stringify(bad))
})

test('a name of another trust domain is that domain and a path, to the letter', () => {
  for (const good of [
    'corp.example/billing',
    'corp.example/ns/Prod/sa/x',
    'a/b',
    'corp/alice@corp.example',
    'a/...',
  ]) {
    const principal = principalOf('service', good)
    assert.equal(principal?.id, `service:${good}`)
    assert.deepEqual(parsePrincipal(principal.id), principal)
    assert.equal(ownPrincipalOf('service', good), undefined)
  }
  for (const bad of [
    '/',
    '/a',
    'a/',
    'a//b',
    'a/.',
    'a/..',
    'a/../b',
    'a/./b',
    'a/%2e',
    'a/b c',
    'a/b:c',
    'a/b\n',
    'a/b\0',
    'a/ä',
    'a/*',
    'Corp/a',
    '-a/b',
    '.a/b',
    'corp.example/а',
    `a/${'b'.repeat(254)}`,
  ])
    assert.equal(principalOf('service', bad), undefined, JSON.stringify(bad))
  assert.ok(principalOf('service', `a/${'b'.repeat(253)}`))
})

test('a kind that does not exist, no colon and nothing at all are no principal', () => {
  for (const text of [
    '',
    ':',
    'service',
    ':a',
    'root:a',
    'Service:a',
    ' service:a',
    'service: a',
    '__proto__:a',
  ])
    assert.equal(parsePrincipal(text), undefined, JSON.stringify(text))
})

test('there are three kinds, and what every object has is none', () => {
  assert.deepEqual(['service', 'agent', 'user'].filter(isPrincipalKind), ['service', 'agent', 'user'])
  for (const other of ['', 'SERVICE', 'toString', 'constructor', '0', 'length'])
    assert.equal(isPrincipalKind(other), false)
})

test('a principal is frozen, and the pattern keeps no place between two names', () => {
  assert.ok(Object.isFrozen(principalOf('user', 'alice')))
  assert.equal(PRINCIPAL_NAME.global || PRINCIPAL_NAME.sticky, false)
})
