import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { afterAnswer, wasAnswered } from '../../src/login/passkey-answered.ts'

const id = (end: number): string => end.toString(16).padStart(12, '0')

test('no challenge is good twice, in whatever order they are answered', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (ends) => {
      const taken: string[] = []
      let answered: readonly string[] = []
      for (const one of ends.map(id)) {
        if (wasAnswered(one, answered)) continue
        answered = afterAnswer(one, answered)
        taken.push(one)
      }
      assert.equal(new Set(taken).size, taken.length)
      assert.ok(answered.length <= 8)
    }),
  )
})

test('challenges that are answered in their order are all good', () => {
  let answered: readonly string[] = []
  for (let end = 0; end < 100; end++) {
    assert.equal(wasAnswered(id(end), answered), false)
    answered = afterAnswer(id(end), answered)
  }
})

test('an older one is good as long as it cannot have been forgotten', () => {
  const seven = [2, 3, 4, 5, 6, 7, 8].map(id)
  assert.equal(wasAnswered(id(1), seven), false)
  const eight = afterAnswer(id(9), seven)
  assert.equal(wasAnswered(id(1), eight), true)
  assert.equal(wasAnswered(id(2), eight), true)
  assert.equal(wasAnswered(id(10), eight), false)
})
