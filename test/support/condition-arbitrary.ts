import fc from 'fast-check'

/** Well-typed conditions on the arguments of `condition.ts`, of a few parts each. */
export const condition: fc.Arbitrary<string> = fc.letrec<{
  bool: string
  int: string
  text: string
  list: string
}>((tie) => {
  const infix = (left: string, operators: readonly string[], right: string): fc.Arbitrary<string> =>
    fc
      .tuple(tie(left as 'bool'), fc.constantFrom(...operators), tie(right as 'bool'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`)
  const around = (before: string, inner: string, after: string): fc.Arbitrary<string> =>
    tie(inner as 'bool').map((text) => `${before}${text}${after}`)
  const LITERAL_LIST = '["a", "b", ""]'
  return {
    bool: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      fc.constantFrom(
        'true',
        'false',
        'args.flag',
        'has(args.n)',
        'has(args.to.limit)',
        'has(args.path)',
        '(args.any == 1)',
        '(args.maybe == "a")',
        '(principal.id == "user:alice")',
      ),
      infix('bool', ['&&', '||', '==', '!='], 'bool'),
      infix('int', ['<', '<=', '>', '>=', '==', '!='], 'int'),
      infix('text', ['<', '==', '!='], 'text'),
      infix('text', ['in'], 'list'),
      infix('list', ['==', '!='], 'list'),
      around('!', 'bool', ''),
      fc
        .tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('text'))
        .map(([a, name, b]) => `${a}.${name}(${b})`),
      fc.tuple(tie('bool'), tie('bool'), tie('bool')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc
        .tuple(fc.constantFrom('exists', 'all', 'exists_one'), fc.constantFrom('==', '<'), tie('text'))
        .map(([name, operator, text]) => `args.tags.${name}(x, x ${operator} ${text})`),
      fc
        .tuple(fc.constantFrom('exists', 'all'), tie('bool'))
        .map(([name, bool]) => `${LITERAL_LIST}.${name}(y, y == args.path || ${bool})`)
        .filter((text) => text.split('(y,').length === 2),
    ),
    int: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      fc.constantFrom(
        '0',
        '1',
        '2',
        'args.n',
        'args.to.limit',
        'size(args.tags)',
        'args.tags.size()',
        '9223372036854775807',
      ),
      infix('int', ['+', '-', '*', '/', '%'], 'int'),
      around('-', 'int', ''),
      around('size(', 'text', ')'),
      fc.tuple(tie('bool'), tie('int'), tie('int')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    ),
    text: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      fc.constantFrom(
        '"a"',
        '""',
        '"\ud83d\ude00"',
        'args.path',
        'args.to.iban',
        'args.tags[0]',
        'principal.name',
      ),
      infix('text', ['+'], 'text'),
      around('string(', 'int', ')'),
    ),
    list: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      fc.constantFrom(LITERAL_LIST, 'args.tags', 'args.more', 'args.path.split("a")'),
      infix('list', ['+'], 'list'),
      fc
        .tuple(fc.constantFrom('==', '!=', '<'), tie('text'))
        .map(([operator, text]) => `args.tags.filter(x, x ${operator} ${text})`),
      tie('text').map((text) => `args.tags.map(x, x + ${text})`),
    ),
  }
}).bool

const text = fc.constantFrom('', 'a', 'b', 'aa', '\ud83d\ude00')
const int = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)

/** Arguments that fit the schema of `condition.ts`; some are left out. */
export const fittingArguments: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.record(
  {
    n: int,
    path: text,
    flag: fc.boolean(),
    tags: fc.array(text, { maxLength: 3 }),
    more: fc.array(text, { maxLength: 3 }),
    to: fc.record({ iban: text, limit: int }, { requiredKeys: [] }),
    any: fc.oneof(int, text, fc.constant(null)),
    maybe: fc.oneof(text, fc.constant(null)),
  },
  { requiredKeys: [] },
)

const hostile = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(Infinity, 1e300, 2 ** 53, -0, 0.5, 'x'.repeat(5000), '\0', '\ud800'),
  fc
    .constantFrom(
      '{"__proto__":{"n":1}}',
      '{"constructor":{"name":1}}',
      '{"toString":null,"hasOwnProperty":1}',
      '{"length":1,"0":"a"}',
    )
    .map((json): unknown => JSON.parse(json)),
  fc.integer({ min: 1, max: 64 }).map(nested),
  fc.array(text, { minLength: 100, maxLength: 200 }),
)

/** Whatever a stranger may send in their place. */
export const hostileArguments: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .tuple(
    fittingArguments,
    fc.dictionary(
      fc.constantFrom(
        'amount',
        'n',
        'path',
        'flag',
        'tags',
        'more',
        'to',
        'any',
        'maybe',
        '__proto__',
        'hasOwnProperty',
      ),
      hostile,
    ),
  )
  .map(([fitting, other]) => Object.fromEntries([...Object.entries(fitting), ...Object.entries(other)]))

function nested(depth: number): unknown {
  return Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 'a')
}
