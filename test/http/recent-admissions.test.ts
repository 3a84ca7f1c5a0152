import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trust } from '../../src/auth/certificate.ts'
import { ABSENT } from '../../src/auth/authenticator.ts'
import type { Admitted } from '../../src/http/admission.ts'
import { recentAdmissions } from '../../src/http/recent-admissions.ts'

const trust: Trust = { trustDomain: 'x.example', issuers: [] }
const admitted = (validUntil: number, of: Trust = trust): Admitted => ({
  outcome: ABSENT,
  validUntil,
  trust: of,
})

test('what was used last is remembered, and no more than so many', () => {
  const memory = recentAdmissions(2)
  memory.set('a', admitted(1))
  memory.set('b', admitted(2))
  assert.equal(memory.get('a')?.validUntil, 1)
  memory.set('c', admitted(3))
  assert.equal(memory.get('b'), undefined)
  assert.deepEqual(
    ['a', 'c'].map((key) => memory.get(key)?.validUntil),
    [1, 3],
  )
})

test('what is judged anew takes the place of what was', () => {
  const memory = recentAdmissions(2)
  memory.set('a', admitted(1))
  memory.set('b', admitted(2))
  memory.set('a', admitted(3))
  assert.deepEqual(
    ['a', 'b'].map((key) => memory.get(key)?.validUntil),
    [3, 2],
  )
})

test('another epoch of trust forgets all of the one before', () => {
  const memory = recentAdmissions(2)
  memory.set('a', admitted(1))
  memory.set('b', admitted(2, { ...trust }))
  assert.equal(memory.get('a'), undefined)
  assert.equal(memory.get('b')?.validUntil, 2)
})
