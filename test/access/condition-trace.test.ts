import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Arguments } from '../../src/access/decision.ts'
import { UNKNOWN } from '../../src/access/decision.ts'
import type { Proofs } from '../../src/auth/context.ts'
import { condition, hostileArguments } from '../support/condition-arbitrary.ts'
import { compiled, factsOf } from '../support/condition.ts'

function trace(source: string, args: Arguments, proofs: Partial<Proofs> = {}): readonly string[] {
  return compiled(source)
    .trace(factsOf(args, proofs))
    .map((step) => `${step.source} -> ${step.value}`)
}

test('a trace has each part, and after it the variables in it', () => {
  assert.deepEqual(
    trace('args.amount > 1000.0 && !within(args.path, "/srv")', { amount: 1500, path: '/etc' }),
    [
      'args.amount > 1000.0 -> true',
      'args.amount -> 1500',
      'within(args.path, "/srv") -> false',
      'args.path -> "/etc"',
    ],
  )
})

test('every part is evaluated, also where another one decided', () => {
  assert.deepEqual(
    trace('principal.id == "user:alice" || (args.n == 1 && auth.mfaAge < duration("5m"))', { n: 2 }),
    [
      'principal.id == "user:alice" -> true',
      'principal.id -> "user:alice"',
      'args.n == 1 -> false',
      'args.n -> 2',
      'auth.mfaAge < duration("5m") -> error: auth.mfaAge is missing',
      'auth.mfaAge -> error: auth.mfaAge is missing',
    ],
  )
})

test('what arguments decide is not known where they are not', () => {
  assert.deepEqual(trace('args.n == 1 || principal.kind == "user"', UNKNOWN), [
    'args.n == 1 -> not known here',
    'args.n -> not known here',
    'principal.kind == "user" -> true',
    'principal.kind -> "user"',
  ])
})

test('what is read off the clock is a value, too', () => {
  assert.deepEqual(trace('now.hour("Europe/Berlin") < 8 || now.time.getHours() == 3', {}), [
    'now.hour("Europe/Berlin") < 8 -> false',
    'now.hour("Europe/Berlin") -> 11',
    'now.time.getHours() == 3 -> false',
    'now.time.getHours() -> 10',
  ])
})

test('a duration is written in the units that people use', () => {
  for (const [ms, text] of [
    [9 * 3_600_000, '9h'],
    [5_400_000, '1h30m'],
    [3_605_000, '1h5s'],
    [250, '0.25s'],
    [0, '0s'],
  ] as const) {
    const [, value] = trace('auth.age > duration("1s")', {}, { authenticatedAt: factsOf({}).now - ms })
    assert.equal(value, `auth.age -> "${text}"`)
  }
})

test('an error says which argument is not what its schema says', () => {
  assert.deepEqual(trace('args.amount > 1.0', { amount: '<b>5' }), [
    'args.amount > 1.0 -> error: args.amount is string, and its schema says double',
    'args.amount -> error: args.amount is string, and its schema says double',
  ])
})

test('a variable is written once, and those of a comprehension not at all', () => {
  assert.deepEqual(
    trace('args.tags.exists(t, t == args.path) || args.tags == []', { tags: ['a', 'b'], path: 'b' }),
    [
      'args.tags.exists(t, t == args.path) -> true',
      'args.tags -> ["a","b"]',
      'args.path -> "b"',
      'args.tags == [] -> false',
    ],
  )
})

test('a field of a variable of a comprehension has no one value', () => {
  assert.deepEqual(
    trace('args.items.exists(i, i.price > args.amount)', { items: [{ price: 2 }], amount: 1 }),
    [
      'args.items.exists(i, i.price > args.amount) -> true',
      'args.items -> [{"price":2}]',
      'args.amount -> 1',
    ],
  )
})

test('parts keep their parentheses', () => {
  assert.deepEqual(trace('true && !((args.n + 1) > (2 * (args.n + (1))))', { n: 3 }), [
    'true -> true',
    '(args.n + 1) > (2 * (args.n + (1))) -> false',
    'args.n -> 3',
  ])
  assert.deepEqual(trace('(args.flag ? "(" : ")") == "("', { flag: true }), [
    '(args.flag ? "(" : ")") == "(" -> true',
    'args.flag -> true',
  ])
})

const VALUES: readonly (readonly [source: string, args: Readonly<Record<string, unknown>>, value: string])[] =
  [
    ['args.any == 1', { any: { a: [1, 2.5, null, true], b: 'x' } }, '{"a":[1,2.5,null,true],"b":"x"}'],
    ['args.any == 1', { any: [[[[[['deep']]]]]] }, '[[[[[…]]]]]'],
    ['args.any == 1', { any: [1, 2, 3, 4, 5, 6, 7, 8, 9] }, '[1,2,3,4,5,6,7,8,…]'],
    [
      'args.any == 1',
      { any: 'a\u202eb\u2028c\u0085d\ud800\u200b\u{e0001}' },
      '"a\\u202eb\\u2028c\\u0085d\\ud800\\u200b\\udb40\\udc01"',
    ],
    ['args.any == 1', { any: 'line\nbreak\u001b[31m"' }, '"line\\nbreak\\u001b[31m\\""'],
    ['args.any == 1', { any: 'x'.repeat(1000) }, `"${'x'.repeat(118)}…`],
    ['args.any == 1', { any: { ['k'.repeat(1000)]: 1 } }, `{"${'k'.repeat(117)}…`],
    ['args.any == 1', { any: JSON.parse('{"__proto__":1}') }, '{"__proto__":1}'],
    ['auth.age > duration("1s")', {}, '"30m"'],
    ['now.time > timestamp("2026-01-01T00:00:00Z")', {}, '"2026-11-21T10:00:00.000Z"'],
  ]

for (const [source, args, value] of VALUES)
  test(`${source} has the value ${value.slice(0, 60)} in its trace`, () => {
    const [, step] = compiled(source).trace(factsOf(args))
    assert.equal(step?.value, value)
  })

test('a step is one line of at most 120 characters, whatever a stranger sent', () => {
  fc.assert(
    fc.property(condition, hostileArguments, (source, args) => {
      for (const step of compiled(source).trace(factsOf(args)))
        for (const text of [step.source, step.value]) {
          assert.ok(text.length <= 120)
          assert.doesNotMatch(step.value, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
        }
    }),
    { numRuns: 200 },
  )
})

test('a condition over several lines is one line in its trace', () => {
  const long = `args.path in [${Array.from({ length: 40 }, (_, at) => `"name-${at}"`).join(',\n  ')}]`
  const [step] = compiled(long).trace(factsOf({ path: 'x' }))
  assert.equal(step?.source.length, 120)
  assert.match(step.source, /^args\.path in \["name-0", "name-1", .*…$/)
})
