import assert from 'node:assert/strict'
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { formTokenFor, isFormToken } from '../../src/login/form-token.ts'

const NOW = 1_763_712_000_000
const HALF_A_DAY = 12 * 3_600_000
const newKey = (): KeyObject => createSecretKey(randomBytes(32))
const [OLD, NEW, OTHER] = [newKey(), newKey(), newKey()]

test('a form token is good for its holder, until it runs out', () => {
  const token = formTokenFor('session:a', NOW, [NEW])
  assert.equal(isFormToken(token, 'session:a', NOW, [NEW]), true)
  assert.equal(isFormToken(token, 'session:a', NOW + HALF_A_DAY - 1, [NEW]), true)
  assert.equal(isFormToken(token, 'session:a', NOW + HALF_A_DAY, [NEW]), false)
  assert.equal(isFormToken(token, 'session:b', NOW, [NEW]), false)
})

test('an older key still verifies, another key does not', () => {
  const token = formTokenFor('session:a', NOW, [OLD])
  assert.equal(isFormToken(token, 'session:a', NOW, [NEW, OLD]), true)
  assert.equal(isFormToken(token, 'session:a', NOW, [NEW]), false)
  assert.equal(isFormToken(token, 'session:a', NOW, [OTHER]), false)
})

test('a form token that was changed anywhere is no good', () => {
  const token = formTokenFor('session:a', NOW, [NEW])
  for (let at = 0; at < token.length - 1; at++) {
    const other = token[at] === 'a' ? 'b' : 'a'
    const changed = token.slice(0, at) + other + token.slice(at + 1)
    assert.equal(isFormToken(changed, 'session:a', NOW, [NEW]), false, changed)
  }
  for (const text of ['', '.', token.slice(1), `${token}a`, 'zzzzzzzzzzzzz.', `${'z'.repeat(50)}${token}`])
    assert.equal(isFormToken(text, 'session:a', NOW, [NEW]), false, text)
})
