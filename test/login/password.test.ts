import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { passwordProblem, passwords } from '../../src/login/password.ts'
import { DEFAULT_COST, parsePhc } from '../../src/login/phc.ts'

const CHEAP = { memory: 64, passes: 1, parallelism: 1 }
const { hash, verify } = passwords(workQueue(2, 100), CHEAP)

test('a password fits its own hash and no other does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), async (one, other) => {
      const stored = await hash(one)
      assert.equal(await verify(one, stored), true)
      if (one.normalize('NFKC') !== other.normalize('NFKC')) assert.equal(await verify(other, stored), false)
    }),
    { numRuns: 50 },
  )
})

test('the same password has another hash each time', async () => {
  assert.notEqual(await hash('correct horse battery'), await hash('correct horse battery'))
})

test('a password fits however the keyboard composed it', async () => {
  const stored = await hash('caf\u00e9 au lait \u00bd')
  assert.equal(await verify('cafe\u0301 au lait \u00bd', stored), true)
})

test('without a stored hash nothing fits, and it costs a hash all the same', async () => {
  let hashes = 0
  const counted = passwords(async (work) => {
    hashes += 1
    return work()
  }, CHEAP)
  assert.equal(await counted.verify('anything at all', undefined), false)
  assert.equal(hashes, 1)
})

test('a stored hash that cannot be read fits nothing', async () => {
  for (const stored of [
    '',
    'x',
    '$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
    '$2b$10$abc',
  ])
    assert.equal(await verify('', stored), false)
})

test('a hash of another cost is checked at its own', async () => {
  const stored = await passwords(workQueue(1, 1), { ...CHEAP, passes: 2 }).hash('correct horse battery')
  assert.equal(await verify('correct horse battery', stored), true)
  assert.equal(await verify('wrong horse battery', stored), false)
})

test('a new password has 12 to 256 characters, whatever a character is', () => {
  assert.match(passwordProblem('elevenchars') ?? '', /at least 12/)
  assert.equal(passwordProblem('twelve chars'), undefined)
  assert.equal(passwordProblem('🔑'.repeat(12)), undefined)
  assert.match(passwordProblem('🔑'.repeat(11)) ?? '', /at least 12/)
  assert.equal(passwordProblem('x'.repeat(256)), undefined)
  assert.match(passwordProblem('x'.repeat(257)) ?? '', /at most 256/)
})

test('hashes are made at the cost that is documented, in the PHC format', async () => {
  const stored = await passwords(workQueue(1, 1)).hash('correct horse battery')
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.deepEqual(parsePhc(stored)?.cost, DEFAULT_COST)
})

test('what is too much to wait for is refused', async () => {
  const crowded = passwords(workQueue(1, 1), CHEAP)
  const results = await Promise.allSettled([1, 2, 3].map(async () => crowded.hash('correct horse battery')))
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected'],
  )
  assert.ok(results[2]?.status === 'rejected' && isSallyportError(results[2].reason, 'TOO_BUSY'))
})
