import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Truth } from '../../src/access/condition.ts'
import { truthOf } from '../support/condition.ts'

const MEGABYTE = 1024 * 1024
const BIG = 'a'.repeat(MEGABYTE)
const MANY: readonly string[] = Array.from({ length: 30_000 }, () => 'a')

const KEYS: unknown = Object.fromEntries(MANY.map((_, at) => [`k${at}`, 1]))

/** What fits into the budget, and next to it what does not: each is charged for its length, and ends. */
const CASES: readonly (readonly [source: string, args: Readonly<Record<string, unknown>>, truth: Truth])[] = [
  ['args.path == args.any', { path: BIG, any: `${BIG.slice(1)}b` }, 'false'],
  [
    '[1, 2, 3, 4, 5, 6, 7].all(i, args.path == args.any)',
    { path: BIG, any: `${'a'.repeat(MEGABYTE - 1)}a` },
    'error',
  ],
  ['[1, 2, 3, 4, 5, 6, 7].all(i, args.path < args.any)', { path: BIG, any: `${BIG}b` }, 'error'],
  ['args.path.contains("b")', { path: BIG }, 'false'],
  ['args.path.contains(args.any)', { path: BIG.slice(1), any: `${BIG.slice(0, MEGABYTE / 2)}b` }, 'false'],
  ['[1, 2, 3, 4, 5, 6, 7].exists(i, args.path.contains("b"))', { path: BIG }, 'error'],
  ['[1, 2, 3, 4, 5, 6, 7].exists(i, args.path.endsWith("b"))', { path: BIG }, 'error'],
  ['[1, 2, 3, 4, 5, 6, 7].exists(i, args.path.size() == i)', { path: BIG }, 'error'],
  ['args.path.size() == 1048576', { path: BIG }, 'true'],
  ['[1, 2].all(i, args.path.lowerAscii() == args.path)', { path: BIG }, 'error'],
  ['[1, 2].all(i, args.path.upperAscii() != args.path)', { path: BIG }, 'error'],
  ['args.path.split("") != []', { path: BIG }, 'error'],
  ['args.path.split("a") != []', { path: BIG }, 'error'],
  ['args.path.split("b") != []', { path: BIG }, 'true'],
  [`args.path${' + args.path'.repeat(8)} != ""`, { path: BIG }, 'error'],
  [`args.path${' + args.path'.repeat(2)} != ""`, { path: BIG }, 'true'],
  [`args.tags${' + args.tags'.repeat(3)} != []`, { tags: MANY }, 'error'],
  ['args.tags + args.tags != []', { tags: MANY }, 'true'],
  ['args.tags == args.more', { tags: MANY.slice(9), more: MANY.slice(9) }, 'true'],
  ['[1, 2, 3, 4].all(i, args.tags == args.more)', { tags: MANY, more: MANY }, 'error'],
  ['[1, 2, 3, 4].all(i, !("b" in args.tags))', { tags: MANY }, 'error'],
  ['!("b" in args.tags)', { tags: MANY }, 'true'],
  ['args.tags.all(t, true)', { tags: MANY }, 'true'],
  ['args.tags.all(t, t == "a" && t != "b" && t != "c")', { tags: MANY }, 'error'],
  ['args.tags.exists(t, t == "b" || t == "c" || t == "d")', { tags: MANY }, 'error'],
  ['args.tags.exists_one(t, t == "b" || t == "c" || t == "d")', { tags: MANY }, 'error'],
  ['args.tags.filter(t, t == "b" || t == "c" || t == "d") == []', { tags: MANY }, 'error'],
  ['args.tags.map(t, t + "b" + "c" + "d") != []', { tags: MANY }, 'error'],
  ['args.any.exists(x, x.y.z == 1)', { any: MANY }, 'error'],
  ['args.tags.map(t, args.path + t).all(t, t != "")', { tags: MANY, path: BIG }, 'error'],
  [
    'size(args.any) == 200000',
    { any: Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`k${at}`, 1])) },
    'error',
  ],
  [
    'args.any == {"a": 1}',
    { any: Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`k${at}`, 1])) },
    'error',
  ],
  ['[1, 2, 3, 4].all(i, args.any.exists(k, true))', { any: KEYS }, 'error'],
  ['args.tags.all(t, true && true && true && true)', { tags: MANY }, 'error'],
  ['[1, 2, 3, 4].all(i, !(5 in args.any))', { any: MANY.map((_, at) => at + 6) }, 'error'],
  ['args.any.exists(k, true)', { any: KEYS }, 'true'],
  ['args.path.matches("^(a+)+$")', { path: BIG }, 'error'],
  ['args.path.matches("^(a+)+$")', { path: BIG.slice(0, 30_000) }, 'true'],
  ['args.path.matches("^(a+)+$")', { path: `${BIG.slice(0, 30_000)}b` }, 'false'],
  ['args.path.matches("(.*)(.*)(.*)(.*)(.*)[^a]")', { path: BIG.slice(0, 10_000) }, 'false'],
  ['args.path.matches("(a?){30}a{30}")', { path: 'a'.repeat(30) }, 'true'],
  ['glob(args.path, "**a**a**a**a**b")', { path: BIG }, 'error'],
  ['glob(args.path, "**a**a**a**a**b")', { path: BIG.slice(0, 10_000) }, 'false'],
  ['within(args.path, "/srv")', { path: `/srv/${BIG}` }, 'error'],
  [
    `[${'1, '.repeat(99)}1].all(i, within(args.path, "/srv"))`,
    { path: `/srv/${'\ufdfa'.repeat(4000)}` },
    'error',
  ],
  ['cidr(args.path, "10.0.0.0/8")', { path: BIG }, 'error'],
  ['int(args.path) == 1', { path: '1'.repeat(MEGABYTE) }, 'error'],
  ['double(args.path) == 1.0', { path: '1'.repeat(MEGABYTE) }, 'error'],
  ['duration(args.path) == duration("1s")', { path: '1'.repeat(MEGABYTE) }, 'error'],
  ['timestamp(args.path) == now.time', { path: '1'.repeat(MEGABYTE) }, 'error'],
]

for (const [source, args, truth] of CASES)
  test(`${source.slice(0, 80)} comes to ${truth} and to an end with ${sizes(args)}`, () => {
    assert.equal(truthOf(source, args), truth)
  })

test('arguments nested as deep as a body may be are compared; deeper ones are an error', () => {
  const nested = (depth: number): unknown =>
    Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1)
  assert.equal(truthOf('args.any == args.maybe', { any: nested(64), maybe: nested(64) }), 'true')
  assert.equal(truthOf('args.any == args.maybe', { any: nested(64), maybe: nested(63) }), 'false')
  assert.equal(truthOf('args.any == args.maybe', { any: nested(50_000), maybe: nested(50_000) }), 'error')
})

test('what nobody reads is not looked at', () => {
  const args = {
    n: 1,
    get path(): string {
      throw new Error('it was read')
    },
  }
  assert.equal(truthOf('args.n == 1 || args.path == "x"', args), 'true')
})

function sizes(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([name, value]) => `${name} of ${lengthOf(value)}`)
    .join(', ')
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}
