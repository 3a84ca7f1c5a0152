import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { guessable } from '../../src/login/guessable.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { passwords } from '../../src/login/password.ts'
import { DEFAULT_COST, parsePhc } from '../../src/login/phc.ts'

const CHEAP = { memory: 64, passes: 1, parallelism: 1 }
const { hash, verify, problemOf, isCurrent } = passwords(workQueue(2, 100), CHEAP, ['gate.example'])

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

/** Good ones, as many characters as are wanted. */
const characters = (count: number): string =>
  Array.from({ length: count }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000))).join('')

test('ASVS 6.2.1 and 6.2.9: a new password has 12 to 256 characters, whatever a character is', async () => {
  assert.match((await problemOf('elevenchars', 'alice')) ?? '', /at least 12/)
  assert.equal(await problemOf('twelve chars', 'alice'), undefined)
  for (const length of [12, 64, 256]) assert.equal(await problemOf(characters(length), 'alice'), undefined)
  assert.match((await problemOf(characters(257), 'alice')) ?? '', /at most 256/)
  // Each is two UTF-16 units, and one character.
  const keys = ['🔑', '🚪', '🦉', '🍄', '🧭', '🪁']
  assert.equal(await problemOf([...keys, ...keys.toReversed()].join(''), 'alice'), undefined)
  assert.match((await problemOf(keys.join(''), 'alice')) ?? '', /at least 12/)
  // One character that is 18 once it is normalised, and 12 that are 6.
  assert.match((await problemOf('\ufdfa'.repeat(15), 'alice')) ?? '', /at most 256/)
  assert.match((await problemOf('e\u0301'.repeat(6), 'alice')) ?? '', /at least 12/)
})

test('ASVS 6.2.5: characters of any kind will do, and none is asked for', async () => {
  for (const password of [
    'correct horse battery',
    'correcthorsebattery',
    'ein esel liest im stehen',
    'собака читает утром газету',
    '犬が朝に新聞を読むとき机は歌う',
    '7302 9184 6650 3817 2295',
    'nul\u0000 is one, too: zebra',
  ])
    assert.equal(await problemOf(password, 'alice'), undefined, password)
})

test('ASVS 6.2.4 and 6.2.12: what leaks most often is refused, as it is and as people disguise it', async () => {
  for (const password of [
    'password1234',
    'passwordpassword',
    'P@ssw0rd1234',
    'drowssap1234',
    '123456789012',
    'qwertyuiopas',
    '1q2w3e4r5t6y',
    'iloveyou2024',
    'letmeinletmein',
    'abcdefghijklmnop',
    'aaaaaaaaaaaaaaaa',
    'xyzxyzxyzxyz',
    '🔑'.repeat(12),
    'sunshine01011990',
    'Sommer-Sommer-2024',
    'password-password-1',
    'x'.repeat(256),
    // Full-width letters are the same letters.
    'ｐａｓｓｗｏｒｄ１２３４',
  ])
    assert.match((await problemOf(password, 'alice')) ?? '', /too easy to guess/, password)
})

test('ASVS 6.2.4: every password of the list that is long enough is refused', async () => {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const long = dictionary['passwords-common'].map(String).filter((password) => password.length >= 12)
  assert.ok(long.length > 250)
  const judge = guessable()
  for (const password of long) assert.equal(await judge(password, []), true, password)
})

test('ASVS 6.2.4: the 3,000 that leak most often are refused, with whatever makes them long enough', async () => {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const judge = guessable()
  const longer = (password: string): string[] => [
    password.repeat(Math.ceil(12 / password.length)),
    `${password}${'123456789012'.slice(0, Math.max(0, 12 - password.length))}`,
  ]
  for (const password of dictionary['passwords-common'].slice(0, 3000).map(String).flatMap(longer))
    assert.equal(await judge(password, []), true, password)
})

test('ASVS 6.2.11: the names of the user, the product and the host do not make a password', async () => {
  const easy = [
    ['sallyport1234', 'alice'],
    ['Sallyport!2024', 'alice'],
    ['gate.example12', 'alice'],
    ['wintermute-wintermute', 'wintermute'],
    ['wintermute123', 'corp.example/Wintermute@corp.example'],
  ] as const
  for (const [password, user] of easy)
    assert.match((await problemOf(password, user)) ?? '', /too easy to guess/, password)
  assert.equal(await problemOf('wintermute eats seven zebras', 'wintermute'), undefined)
})

test('a character that is none is refused, and fits nothing', async () => {
  const broken = 'correct horse \ud800 battery'
  assert.match((await problemOf(broken, 'alice')) ?? '', /a character that is none/)
  assert.equal(await verify(broken, await hash(broken.toWellFormed())), false)
})

test('passwords differ in what is invisible, too', async () => {
  const stored = await hash('correct\u0000horse battery')
  assert.equal(await verify('correct\u0000horse battery', stored), true)
  for (const other of ['correct', 'correcthorse battery', 'correct\u0000horse batter'])
    assert.equal(await verify(other, stored), false)
})

test('judging a password is bounded, however it is made to be dear', async () => {
  const judge = guessable()
  await judge('warm', [])
  const hostile = [
    'p@55w0rd',
    '4@8({[<369&#!1/|0$5+7%2',
    '1/1/2001.2.2.2002-3-3-03 ',
    '111111111111111111112',
    'aabaabaabc',
    'qweasdzxc',
    '\\/\\/|_||-|()[]',
    '7043968124903',
  ].map((text) => text.repeat(256).slice(0, 256))
  const times = []
  for (const password of hostile) {
    const before = process.cpuUsage()
    await judge(password, ['alice', 'sallyport'])
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1000)
  }
  assert.ok(Math.max(...times) < 500, `${times.join()} ms`)
})

test('a hash is current at the cost of now, and not at another', async () => {
  assert.equal(isCurrent(await hash('correct horse battery')), true)
  for (const cost of [
    { ...CHEAP, memory: 65 },
    { ...CHEAP, passes: 2 },
    { ...CHEAP, memory: 128, parallelism: 2 },
  ])
    assert.equal(isCurrent(await passwords(workQueue(1, 1), cost).hash('correct horse battery')), false)
  assert.equal(isCurrent('x'), false)
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
