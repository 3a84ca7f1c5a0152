import assert from 'node:assert/strict'
import { test } from 'node:test'
import { circles, withIncluded } from '../../src/access/role-closure.ts'

const chain = (length: number): Map<string, readonly string[]> =>
  new Map(Array.from({ length }, (_, index) => [`r${index}`, [`r${index + 1}`]]))

test('roles come before those that they include, each once', () => {
  const includes = new Map([
    ['a', ['b', 'c']],
    ['b', ['d']],
    ['c', ['d', 'nobody']],
    ['d', []],
  ])
  assert.deepEqual(withIncluded(['a', 'd'], includes), ['a', 'b', 'd', 'c', 'nobody'])
  assert.deepEqual(withIncluded([], includes), [])
})

test('roles that include each other end all the same', () => {
  const includes = new Map([
    ['a', ['b']],
    ['b', ['a']],
  ])
  assert.deepEqual(withIncluded(['a'], includes), ['a', 'b'])
})

test('a circle is shown as the way around it', () => {
  const includes = new Map([
    ['start', ['a', 'end']],
    ['a', ['b']],
    ['b', ['end', 'c']],
    ['c', ['a']],
    ['end', []],
    ['self', ['self']],
  ])
  assert.deepEqual(circles(includes), [
    ['a', 'b', 'c', 'a'],
    ['self', 'self'],
  ])
})

test('two ways to the same role are no circle', () => {
  const includes = new Map([
    ['a', ['b', 'c']],
    ['b', ['d']],
    ['c', ['d']],
    ['d', []],
  ])
  assert.deepEqual(circles(includes), [])
})

test('a long row of roles takes no long time, and no deep stack', () => {
  const row = chain(100_000)
  assert.deepEqual(circles(row), [])
  assert.equal(withIncluded(['r0'], row).length, 100_001)
  assert.equal(circles(row.set('r99999', ['r0']))[0]?.length, 100_001)
})
