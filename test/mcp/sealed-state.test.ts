import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ROUND_LIFE, sealedStates, type CallPlace, type CallState } from '../../src/mcp/sealed-state.ts'

const key = () => createSecretKey(randomBytes(32))
const [OURS, OLDER] = [key(), key()]
const PLACE: CallPlace = {
  principal: 'user:alice',
  action: 'tools/call',
  name: 'bank_pay',
  args: { to: 'bob', amount: 7 },
}
const STATE: CallState = {
  handler: 'step 2 of 3',
  waitsFor: 'c1',
  confirmed: { id: 'r1', credential: 'sha256:aa', needs: '[]', by: ['user:bob'] },
}
const at = (now: number, ...keys: [ReturnType<typeof key>, ...ReturnType<typeof key>[]]) =>
  sealedStates(keys, () => now)

test('what was sealed for a call opens for that call, and says nothing to who carries it', () => {
  const text = at(0, OURS).seal(STATE, PLACE, ROUND_LIFE)
  assert.deepEqual(at(1, OURS).open(text, PLACE), STATE)
  for (const secret of ['step', 'bob', 'alice', 'bank_pay', 'sha256'])
    assert.ok(!Buffer.from(text, 'base64url').toString('latin1').includes(secret) && !text.includes(secret))
})

test('the order of the arguments is nobody\u2019s to choose, and does not matter', () => {
  const text = at(0, OURS).seal(STATE, PLACE, ROUND_LIFE)
  assert.deepEqual(at(1, OURS).open(text, { ...PLACE, args: { amount: 7, to: 'bob' } }), STATE)
})

test('for another principal, method, name or arguments it is none', () => {
  const text = at(0, OURS).seal(STATE, PLACE, ROUND_LIFE)
  const others: Partial<CallPlace>[] = [
    { principal: 'user:mallory' },
    { action: 'prompts/get' },
    { name: 'bank_read' },
    { args: { to: 'mallory', amount: 7 } },
    { args: { to: 'bob', amount: '7' } },
    { args: { to: 'bob' } },
    { args: {} },
  ]
  for (const other of others) assert.equal(at(1, OURS).open(text, { ...PLACE, ...other }), undefined)
})

test('it ends when it was said to', () => {
  const text = at(0, OURS).seal(STATE, PLACE, ROUND_LIFE)
  assert.deepEqual(at(ROUND_LIFE - 1, OURS).open(text, PLACE), STATE)
  assert.equal(at(ROUND_LIFE, OURS).open(text, PLACE), undefined)
})

test('every key of ours opens, the newest seals, and no other key opens', () => {
  const old = at(0, OLDER).seal(STATE, PLACE, ROUND_LIFE)
  assert.deepEqual(at(1, OURS, OLDER).open(old, PLACE), STATE)
  assert.equal(at(1, OURS).open(old, PLACE), undefined)
  const text = at(0, OURS, OLDER).seal(STATE, PLACE, ROUND_LIFE)
  assert.deepEqual(at(1, OURS).open(text, PLACE), STATE)
})

test('with any character changed, cut or added it is none', () => {
  const states = at(0, OURS)
  const text = states.seal({}, PLACE, ROUND_LIFE)
  for (let index = 0; index < text.length; index++) {
    const other = text[index] === 'A' ? 'B' : 'A'
    const changed = text.slice(0, index) + other + text.slice(index + 1)
    assert.equal(states.open(changed, PLACE), undefined, `at ${index}`)
  }
  for (const changed of [
    '',
    '.',
    'v1',
    text.slice(1),
    text.slice(0, -1),
    `${text}A`,
    ` ${text}`,
    `${text}\n`,
  ])
    assert.equal(states.open(changed, PLACE), undefined)
})

test('what is too long is neither sealed nor looked at', () => {
  const states = at(0, OURS)
  assert.throws(() => states.seal({ handler: 'x'.repeat(65_537) }, PLACE, 1), RangeError)
  const longest = { handler: '\u0001'.repeat(65_536) }
  assert.deepEqual(states.open(states.seal(longest, PLACE, 1), PLACE), longest)
  const before = process.cpuUsage().user
  assert.equal(states.open('A'.repeat(50_000_000), PLACE), undefined)
  assert.ok(process.cpuUsage().user - before < 50_000)
})
