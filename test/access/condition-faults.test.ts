import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConditionScope } from '../../src/access/condition.ts'
import { entryWith, faultsIn, GRANT, HIDE, RULE } from '../support/condition.ts'

/** A condition, in which "»" stands before the culprit, and the sentence about it. */
type Case = readonly [marked: string, sentence: string]

const NAMES = 'amount, n, path, flag, tags, more, to, items, labels, any, maybe'
const FUNCTIONS =
  'use one of has, within, matches, glob, cidr, size, contains, startsWith, exists, all, duration, exists_one, …'
const NO_OPERATOR =
  'an operator is missing here, or is no operator: write "&&", "||" and "!", and a length of time as duration("5m")'

function refuses(cases: readonly Case[], scope: ConditionScope): void {
  for (const [marked, sentence] of cases)
    test(`${scopeName(scope)} "${marked.slice(0, 70)}" is refused`, () => {
      const offset = marked.indexOf('»')
      const [first] = faultsIn(marked.replace('»', ''), scope)
      assert.deepEqual(first, { offset, sentence })
    })
}

function scopeName(scope: ConditionScope): string {
  if (scope.kind === 'grant') return 'in a grant'
  return scope.hasArguments ? 'in a rule' : 'in a rule that hides'
}

refuses(
  [
    ['principal.»nmae == "alice"', 'there is no `principal.nmae`: did you mean `name`?'],
    ['auth.»foo == 1', 'there is no `auth.foo`: use one of methods, age, mfaAge, address, certificate'],
    ['auth.certificate.»uir == "x"', 'there is no `auth.certificate.uir`: use one of uri, issuer'],
    ['now.»foo == 1', 'there is no `now.foo`: use one of time'],
    ['tool.»nmae == "x"', 'there is no `tool.nmae`: did you mean `name`?'],
    ['true || args.»amuont > 1.0', 'there is no `args.amuont`: did you mean `amount`?'],
    ['»args["amuont"] > 1.0', 'there is no `args.amuont`: did you mean `amount`?'],
    ['args.to.»ibna == "x"', 'there is no `args.to.ibna`: did you mean `iban`?'],
    ['has(args.»pth)', 'there is no `args.pth`: did you mean `path`?'],
    ['has(args.to.»ibn)', 'there is no `args.to.ibn`: did you mean `iban`?'],
    ['has(args.»__proto__)', `there is no \`args.__proto__\`: use one of ${NAMES}`],
    ['args.»constructor == args.path', `there is no \`args.constructor\`: use one of ${NAMES}`],
    ['args.items.all(item, item.»prise > 1.0)', 'there is no field `prise` there'],
    ['»arsg.amount > 1.0', 'there is no `arsg` here: did you mean `args`?'],
    ['[1].all(i, »x == i)', 'there is no `x` here: use one of principal, auth, now, tool, args, resource, i'],
    ['»principal == principal', '`principal` is no value: write one of its fields, as in `principal.id`'],
    ['now.weekday("UTC") == »"Sunday"', 'this is never "Sunday": did you mean `sunday`?'],
    ['now.weekday("UTC") in ["monday", »"teusday"]', 'this is never "teusday": did you mean `tuesday`?'],
    ['»"servce" != principal.kind', 'this is never "servce": did you mean `service`?'],
    ['»"mtls" in auth.methods', 'this is never "mtls": use one of certificate, session'],
    ['auth.methods == [»"cert"]', 'this is never "cert": use one of certificate, session'],
    ['[»auth] == []', '`auth` is no value: write one of its fields, as in `auth.methods`'],
    [
      '»auth.certificate == auth.certificate',
      '`auth.certificate` is no value: write one of its fields, as in `auth.certificate.uri`',
    ],
    [
      '»principal[args.path] == "x"',
      '`principal` is no value: write one of its fields, as in `principal.id`',
    ],
  ],
  RULE,
)

refuses(
  [
    [
      '»args.amount == 1000',
      '"==" cannot stand between double and int: write a double with a point, as in 1.0',
    ],
    [
      '»args.amount + 1 > 2.0',
      '"+" cannot stand between double and int: write a double with a point, as in 1.0',
    ],
    ['»args.path > 1', '">" cannot stand between string and int'],
    [
      '»args.n == null',
      '"==" cannot stand between int and null: only what may be anything is compared with null; ask has(...)',
    ],
    ['»"iban" in args.to', '"in" cannot stand between string and object: ask has(...) for one of its fields'],
    ['»args.to == args.to', '"==" cannot stand between object and object: compare their fields'],
    ['»auth.age > 5', '">" cannot stand between duration and int'],
    ['»!args.n', '"!" cannot stand before int'],
    ['»args.n && true', '"&&" and "||" join bools, and there is a part that is int'],
    ['args.»n ? true : false', 'what stands before "?" must be a bool, and this is int'],
    ['»args.path.startsWith(1)', 'startsWith of string does not take int'],
    ['»now.hour() < 8', 'hour of now takes something between its brackets'],
    ['»size(args.n) > 1', 'size does not take int'],
    ['[1, »"a"] == [1]', "list elements must have the same type, expected type 'int' but found 'string'"],
    ['»args.path', 'it must come to true or false, and comes to string'],
    ['»args.any', 'it must come to true or false, and comes to dyn'],
    ['»1 + 1', 'it must come to true or false, and comes to int'],
  ],
  RULE,
)

refuses(
  [
    ['»', 'something is missing at the end'],
    ['args.n >»', 'something is missing at the end'],
    ['args.path »= "x"', '"=" means nothing here: write "==" to compare'],
    ['args.n > 1 »and args.flag', NO_OPERATOR],
    ['args.n > 1 »& args.flag', NO_OPERATOR],
    ['auth.age > 5»m', NO_OPERATOR],
    ['args.path == »"x', 'unterminated string'],
    ['»bytes("x") == b"x"', `there is no function \`bytes\` in conditions: ${FUNCTIONS}`],
    ['»b"x" == b"x"', 'bytes and unsigned ints are not available in conditions'],
    ['»1u == 1u', 'bytes and unsigned ints are not available in conditions'],
    ['»_h_(args.path)', `there is no function \`_h_\` in conditions: ${FUNCTIONS}`],
    ['»args.path.containz("x")', 'there is no function `containz` in conditions: did you mean `contains`?'],
    ['has(»args)', 'has takes a field, as in `has(args.path)`'],
    ['args.tags.exists(»args, true)', '`args` has a meaning here already: give the variable another name'],
    ['[1].exists(i, [2].exists(»i, true))', '`i` has a meaning here already: give the variable another name'],
    ['[1].exists(»int, true)', '`int` has a meaning here already: give the variable another name'],
  ],
  RULE,
)

refuses(
  [
    ['args.path.matches(»"(a")', 'matches: "(a" is no regular expression of RE2: missing closing ): `(a`'],
    ['matches(args.path, »"(a")', 'matches: "(a" is no regular expression of RE2: missing closing ): `(a`'],
    [
      'args.path.matches(»"a(?=b)")',
      'matches: "a(?=b)" is no regular expression of RE2: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      'args.path.matches(»args.any)',
      'the last argument of matches must be a text that is written out: it is read when the policy is loaded',
    ],
    [
      'args.path.matches(»"a" + "b")',
      'the last argument of matches must be a text that is written out: it is read when the policy is loaded',
    ],
    [
      `args.path.matches(»"${'a'.repeat(257)}")`,
      `matches: "${'a'.repeat(60)}" is longer than 256 characters`,
    ],
    [
      'args.path.matches(»"(a{1,200}){1,5}b{1000}")',
      'matches: "(a{1,200}){1,5}b{1000}" is too large: write smaller counts in braces',
    ],
    ['within(args.path, »"srv")', 'within: "srv" must be an absolute path: it begins with "/"'],
    [
      'within(args.path, »principal.name)',
      'the last argument of within must be a text that is written out: it is read when the policy is loaded',
    ],
    ['cidr(auth.address, »"10.0.0.1/8")', 'cidr: "10.0.0.1/8" has bits set beyond its prefix of 8'],
    [
      'glob(args.path, »"a***")',
      'glob: "a***" has three stars in a row: "*" stays within a segment, "**" does not',
    ],
    [
      'now.hour(»"Europe/Berln") > 1',
      'hour: "Europe/Berln" is not a time zone, as in "Europe/Berlin" or "UTC"',
    ],
    [
      'now.hour(»args.path) > 1',
      'the last argument of hour must be a text that is written out: it is read when the policy is loaded',
    ],
    ['now.time.getHours(»"x") > 1', 'getHours: "x" is not a time zone, as in "Europe/Berlin" or "UTC"'],
    ['auth.age < duration(»"5 minutes")', 'duration: it is not a duration, as in "1h30m" or "45s"'],
    ['now.time > timestamp(»"2026-11-21")', 'timestamp: it is not a time, as in "2026-11-21T10:00:00Z"'],
    ['args.n > int(»"x")', 'int: the string is not an int'],
  ],
  RULE,
)

refuses(
  [
    ['»args.n == 1', 'a grant cannot speak of `args`, since it holds for every call: write a rule'],
    ['»resource == "x"', 'a grant cannot speak of `resource`, since it holds for every call: write a rule'],
    ['»tool.name == "x"', 'a grant cannot speak of `tool`, since it holds for every call: write a rule'],
    ['"x" in principal.»roles', 'there is no `principal.roles`: use one of id, kind, name, attributes'],
  ],
  GRANT,
)

refuses(
  [
    [
      '»args.n == 1',
      'a rule that hides cannot speak of `args`, since lists do not know it: write a rule that denies',
    ],
    [
      '»resource == "x"',
      'a rule that hides cannot speak of `resource`, since lists do not know it: write a rule that denies',
    ],
  ],
  HIDE,
)

const PRODUCT =
  'this goes over arguments for each element of arguments, which takes the product of both lengths: only one of the two may come from arguments'

refuses(
  [
    ['args.tags.exists(t, »args.more.exists(m, m == t))', PRODUCT],
    ['args.tags.all(t, [1].all(i, »args.more.all(m, m == t)))', PRODUCT],
    ['args.tags.exists(t, »t.split("/").exists(p, p == ".."))', PRODUCT],
    ['args.tags.filter(t, »args.more.filter(m, m == t) != []) != []', PRODUCT],
    ['args.tags.map(t, »args.more.map(m, m + t)) != []', PRODUCT],
    ['args.tags.exists_one(t, »args.more.exists_one(m, m == t))', PRODUCT],
    ['args.tags.map(t, t == "x", »args.more.all(m, m == t)) == [true]', PRODUCT],
  ],
  RULE,
)

const FINE: readonly string[] = [
  'args.tags.exists(t, ["a", "b"].exists(p, t == p))',
  '["a", "b"].all(p, args.tags.exists(t, t == p))',
  'principal.roles.exists(r, args.tags.exists(t, t == r))',
  'args.tags.exists(t, t == "a") && args.more.exists(t, t == "a")',
  'args.tags.filter(t, t != "").exists(t, t == "a")',
]

for (const source of FINE)
  test(`"${source}" goes over arguments once at a time, and is fine`, () => {
    assert.deepEqual(faultsIn(source), [])
  })

test('a condition is at most 4,096 characters', () => {
  assert.deepEqual(faultsIn(`true${' '.repeat(4092)}`), [])
  assert.deepEqual(faultsIn(`true${' '.repeat(4093)}`), [
    { offset: 4096, sentence: 'it is longer than 4096 characters' },
  ])
})

test('a condition has at most 500 parts', () => {
  assert.deepEqual(faultsIn(Array.from({ length: 250 }, () => 'true').join('||')), [])
  const [fault] = faultsIn(Array.from({ length: 251 }, () => 'true').join('||'))
  assert.equal(fault?.sentence, 'it has more than 500 parts: write several rules')
})

test('a condition is nested at most 32 deep', () => {
  assert.deepEqual(faultsIn(`${'('.repeat(31)}true${')'.repeat(31)}`), [])
  assert.equal(faultsIn(`${'('.repeat(32)}true${')'.repeat(32)}`)[0]?.sentence, 'it is nested deeper than 32')
  assert.equal(
    faultsIn(`${'!'.repeat(4000)}true`)[0]?.sentence,
    'it has more than 500 parts: write several rules',
  )
  assert.equal(faultsIn('['.repeat(4000))[0]?.sentence, 'it is nested deeper than 32')
})

test('every fault of a condition is told at once', () => {
  assert.deepEqual(
    faultsIn('args.foo == 1 && bar && !baz(args.n)').map(({ offset }) => offset),
    [5, 17, 25],
  )
})

test('whatever is written, compiling says something and does not throw', () => {
  for (const source of [
    '\0',
    '\u202e',
    '}{',
    '"\\',
    "'''",
    'a.b.c.d',
    '@',
    '`x`',
    'a[',
    '-',
    'has()',
    'now.hour()',
    'x{y:1}',
    '//',
    'in',
    'for',
  ])
    for (const scope of [RULE, HIDE, GRANT]) assert.notDeepEqual(faultsIn(source, scope), [], source)
})

test('a field that an open schema does not have is anything', () => {
  const open = { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: true }
  const scope: ConditionScope = { kind: 'rule', hasArguments: true, entry: entryWith(open) }
  assert.deepEqual(faultsIn('args.other.deep == 1 && has(args.third) && args.n == 1', scope), [])
  assert.deepEqual(
    faultsIn('args.n == "x"', scope).map(({ offset }) => offset),
    [0],
    'what it has keeps its type',
  )
})
