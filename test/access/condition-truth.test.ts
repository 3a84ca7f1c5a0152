import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Truth } from '../../src/access/condition.ts'
import type { Proofs } from '../../src/auth/context.ts'
import { ALICE, compiled, entryWith, factsOf, GRANT, NOON, truthOf } from '../support/condition.ts'

type Case = readonly [source: string, args: Readonly<Record<string, unknown>>, truth: Truth]

function comesTo(cases: readonly Case[]): void {
  for (const [source, args, truth] of cases)
    test(`${source} comes to ${truth} with ${JSON.stringify(args)?.slice(0, 80)}`, () => {
      assert.equal(truthOf(source, args), truth)
    })
}

comesTo([
  ['args.amount > 1000', { amount: 1000.01 }, 'true'],
  ['args.amount > 1000', { amount: 1000 }, 'false'],
  ['args.amount > 1000.0', { amount: 1001 }, 'true'],
  ['args.n + 1 == 3', { n: 2 }, 'true'],
  ['args.n + 1 == 3', { n: 2.5 }, 'error'],
  ['args.n % 2 == 0', { n: 3 }, 'false'],
  ['args.n / 0 == 0', { n: 3 }, 'error'],
  ['args.n * 9007199254740991 > 0', { n: 9007199254740991 }, 'error'],
  ['args.n == 9007199254740991', { n: Number.MAX_SAFE_INTEGER }, 'true'],
  ['args.n > 0', { n: 9007199254740992 }, 'error'],
  ['args.any > 0', { any: 9007199254740992 }, 'error'],
  ['args.amount > 0', { amount: 1e300 }, 'true'],
  ['args.amount > 0', { amount: JSON.parse('1e999') }, 'error'],
  ['args.any > 0', { any: JSON.parse('1e999') }, 'error'],
  ['args.any == 1.0', { any: 1 }, 'true'],
  ['args.any == 1', { any: 1.5 }, 'false'],
  ['args.flag', { flag: true }, 'true'],
  ['args.flag', { flag: 'true' }, 'error'],
  ['args.path.startsWith("/srv/")', { path: '/srv/a' }, 'true'],
  ['args.path.endsWith(".txt")', { path: '/srv/a.TXT' }, 'false'],
  ['args.path.lowerAscii().endsWith(".txt")', { path: 'A.TXT' }, 'true'],
  ['args.path.lowerAscii() == "\u212a"', { path: '\u212a' }, 'true'],
  ['args.path.contains("..")', { path: 'a/../b' }, 'true'],
  ['args.path.size() == 1', { path: '\ud83d\ude00' }, 'true'],
  ['args.path.split("/") == ["", "a", "b"]', { path: '/a/b' }, 'true'],
  ['args.path.split("") == ["a", "b"]', { path: 'ab' }, 'true'],
  ['args.path.trim() == "a"', { path: ' a\n' }, 'true'],
  ['args.path < "b"', { path: 'a' }, 'true'],
  ['int(args.path) == 12', { path: '12' }, 'true'],
  ['int(args.path) == 0', { path: '' }, 'error'],
  ['int(args.path) == 16', { path: '0x10' }, 'error'],
  ['double(args.path) > 1.0', { path: 'Infinity' }, 'error'],
  ['string(args.n) == "3"', { n: 3 }, 'true'],
  ['bool(args.path)', { path: 'TRUE' }, 'error'],
  ['duration(args.path) > duration("1m")', { path: '90s' }, 'true'],
  ['timestamp(args.path) < now.time', { path: '2026-11-21T10:59:59+01:00' }, 'true'],
  ['timestamp(args.path) < now.time', { path: 'yesterday' }, 'error'],
  ['"a" in args.tags', { tags: ['b', 'a'] }, 'true'],
  ['"a" in args.tags', { tags: ['b', 1] }, 'error'],
  ['"a" in args.tags', { tags: ['a', 1] }, 'true'],
  ['"a" in args.labels', { labels: { a: '1' } }, 'true'],
  ['args.tags.exists(t, t.startsWith("x"))', { tags: ['a', 'xa'] }, 'true'],
  ['args.tags.all(t, t.size() < 3)', { tags: [] }, 'true'],
  ['args.tags.exists_one(t, t == "a")', { tags: ['a', 'a'] }, 'false'],
  ['args.tags.filter(t, t != "a") == ["b"]', { tags: ['a', 'b'] }, 'true'],
  ['args.tags.map(t, t + "x") == ["ax"]', { tags: ['a'] }, 'true'],
  ['args.tags.map(t, t != "a", t + "x") == ["bx"]', { tags: ['a', 'b'] }, 'true'],
  ['args.labels.all(name, name != "x")', { labels: { x: '' } }, 'false'],
  ['args.tags[1] == "b"', { tags: ['a', 'b'] }, 'true'],
  ['args.tags[1] == "b"', { tags: ['a'] }, 'error'],
  ['args.tags[-1] == "b"', { tags: ['a', 'b'] }, 'error'],
  ['[1, 2][args.n] == 1', { n: 0 }, 'true'],
  ['[1, 2][args.n] == 1', { n: -1 }, 'error'],
  ['{args.path: 1, "a": 2} != {}', { path: 'b' }, 'true'],
  ['{args.path: 1, "a": 2} != {}', { path: 'a' }, 'error'],
  ['args.items[0].price > 1.0', { items: [{ price: 2 }] }, 'true'],
  ['args.items.exists(i, i.price > 1.0)', { items: [{ price: 'x' }, { price: 2 }] }, 'true'],
  ['args.items.all(i, i.price > 1.0)', { items: [{ price: 'x' }, { price: 2 }] }, 'error'],
  ['args.to.limit > 3', { to: { limit: 4 } }, 'true'],
  ['args["to"]["limit"] > 3', { to: { limit: 4 } }, 'true'],
  ['args[args.path] == 3', { path: 'n', n: 3 }, 'true'],
  ['type(args.any) == string', { any: 'x' }, 'true'],
  ['type(args.any) == list', { any: [] }, 'true'],
  ['type(args.any) == map', { any: {} }, 'true'],
  ['type(args.any) == null_type', { any: null }, 'true'],
  ['args.any == null', { any: null }, 'true'],
  ['args.any == {"a": [1, 2]}', { any: { a: [1, 2] } }, 'true'],
  ['args.any == {"a": [1, 2]}', { any: { a: [1] } }, 'false'],
  ['args.any == "x"', { any: ['x'] }, 'false'],
  ['dyn(args.any) == null', { any: null }, 'true'],
  ['[args.any] == [null]', { any: null }, 'true'],
  ['args.any[0] == null', { any: [null] }, 'true'],
  ['args.any.exists(x, x == null)', { any: [1, null] }, 'true'],
  ['args.any.filter(x, x == null).size() == 1', { any: [1, null] }, 'true'],
  ['args.any.map(x, x)[1] == null', { any: [1, null] }, 'true'],
  ['args.maybe == "x"', { maybe: null }, 'false'],
  ['args.maybe.startsWith("x")', { maybe: null }, 'error'],
  ['args.n > 1 ? args.n < 5 : args.amount < 5.0', { n: 3 }, 'true'],
  ['{"a": 1, "b": 2}["b"] == 2', {}, 'true'],
])

// Arguments are decided on before they are validated.
comesTo([
  ['args.path == "x"', {}, 'error'],
  ['args.path == "x"', { path: null }, 'error'],
  ['args.path == "x"', { path: 5 }, 'error'],
  ['args.path == "x"', { path: ['x'] }, 'error'],
  ['args.path == "x"', { path: { toString: 'x' } }, 'error'],
  ['args.path != "x"', { path: ['x'] }, 'error'],
  ['within(args.path, "/srv")', { path: ['/srv'] }, 'error'],
  ['!within(args.path, "/srv")', { path: '/srv/../etc' }, 'true'],
  ['within(args.path, "/srv")', { path: 'srv/a' }, 'error'],
  ['!within(args.path, "/srv")', { path: '/srv/%2e%2e/etc' }, 'error'],
  ['args.amount > 1000.0', { amount: '2000' }, 'error'],
  ['args.amount > 1000.0', { amount: true }, 'error'],
  ['args.amount > 1000.0', { amount: [2000] }, 'error'],
  ['args.tags.exists(t, t == "a")', { tags: 'a' }, 'error'],
  ['args.tags.exists(t, t == "a")', { tags: { 0: 'a', length: 1 } }, 'error'],
  ['args.to.iban == "x"', { to: 'x' }, 'error'],
  ['args.to.iban == "x"', { to: [] }, 'error'],
  ['args.to.iban == "x"', { to: {} }, 'error'],
  ['args.any.toString == 1', { any: {} }, 'error'],
  ['args.any.constructor == 1', { any: { constructor: 1 } }, 'true'],
  ['args.any.__proto__ == 1', { any: JSON.parse('{"__proto__":1}') }, 'true'],
  ['args.any.x == 1', { any: JSON.parse('{"__proto__":{"x":1}}') }, 'error'],
  ['args.any.hasOwnProperty == 1', { any: { hasOwnProperty: 1 } }, 'true'],
  ['args.any.x == 1', { any: { hasOwnProperty: 1, x: 1 } }, 'true'],
  ['"toString" in args.any', { any: {} }, 'false'],
  ['args.any == {"a": 1}', { any: JSON.parse('{"__proto__":1}') }, 'false'],
  ['args.any.all(k, k == "__proto__")', { any: JSON.parse('{"__proto__":1}') }, 'true'],
  ['args.any.length == 1', { any: [1] }, 'error'],
  ['args.any.length == 1', { any: 'a' }, 'error'],
  ['has(args.path)', {}, 'false'],
  ['has(args.path)', { path: null }, 'true'],
  ['has(args.to.iban)', { to: {} }, 'false'],
  ['has(args.to.iban)', {}, 'error'],
  ['has(args.to.iban)', { to: 'x' }, 'error'],
  ['has(args.to.iban)', { to: [] }, 'error'],
  ['has(args.any.toString)', { any: {} }, 'false'],
  ['args.any.__proto__ == {}', { any: {} }, 'error'],
  ['args.any["__proto__"] == {}', { any: {} }, 'error'],
  ['has(args.path) && args.path == "x"', {}, 'false'],
  ['!has(args.path) || args.path == "x"', {}, 'true'],
])

// A part that comes to nothing is outvoted by one that decides, on either side.
comesTo([
  ['args.n == 1 || true', {}, 'true'],
  ['true || args.n == 1', {}, 'true'],
  ['args.n == 1 || false', {}, 'error'],
  ['args.n == 1 && false', {}, 'false'],
  ['false && args.n == 1', {}, 'false'],
  ['args.n == 1 && true', {}, 'error'],
  ['!(args.n == 1)', {}, 'error'],
  ['args.any && true', { any: 1 }, 'error'],
  ['args.any || true', { any: 1 }, 'true'],
  ['args.any ? true : false', { any: 1 }, 'error'],
  ['[1, 2].exists(i, args.n == i || i == 2)', {}, 'true'],
])

const PROVED: readonly (readonly [source: string, proofs: Partial<Proofs>, truth: Truth])[] = [
  ['principal.id == "user:alice" && principal.kind == "user" && principal.name == "alice"', {}, 'true'],
  ['principal.roles == ["reader", "teller"]', {}, 'true'],
  ['"teller" in principal.roles', {}, 'true'],
  ['principal.attributes.team == "payments"', {}, 'true'],
  ['principal.attributes["team"] == "payments"', {}, 'true'],
  ['principal.attributes.none == "x"', {}, 'error'],
  ['has(principal.attributes.team)', {}, 'true'],
  ['has(principal.attributes.none)', {}, 'false'],
  ['has(principal.attributes.constructor)', {}, 'false'],
  ['auth.methods == ["session"]', {}, 'true'],
  ['auth.age == duration("30m")', {}, 'true'],
  ['auth.age == duration("0s")', { authenticatedAt: NOON + 1 }, 'true'],
  ['auth.mfaAge < duration("5m")', {}, 'error'],
  ['!(auth.mfaAge < duration("5m"))', {}, 'error'],
  ['has(auth.mfaAge)', {}, 'false'],
  ['auth.mfaAge < duration("5m")', { mfaAt: NOON - 299_999 }, 'true'],
  ['auth.mfaAge < duration("5m")', { mfaAt: NOON - 300_000 }, 'false'],
  ['auth.mfaAge >= duration("0s")', { mfaAt: NOON + 1000 }, 'true'],
  ['cidr(auth.address, "10.0.0.0/8")', {}, 'error'],
  ['has(auth.address) && cidr(auth.address, "10.0.0.0/8")', {}, 'false'],
  ['cidr(auth.address, "10.0.0.0/8")', { address: '::ffff:10.1.2.3' }, 'true'],
  ['cidr(auth.address, "10.0.0.0/8")', { address: 'unix' }, 'error'],
  ['has(auth.certificate)', {}, 'false'],
  ['has(auth.certificate.uri)', {}, 'false'],
  ['auth.certificate.issuer == "CN=CA"', {}, 'error'],
  ['auth.certificate.issuer == "CN=CA"', { certificate: { uri: null, issuer: 'CN=CA' } }, 'true'],
  ['has(auth.certificate.uri)', { certificate: { uri: null, issuer: 'CN=CA' } }, 'false'],
  [
    'glob(auth.certificate.uri, "spiffe://corp/**")',
    { certificate: { uri: 'spiffe://corp/a/b', issuer: '' } },
    'true',
  ],
  [
    'glob(auth.certificate.uri, "spiffe://corp/*")',
    { certificate: { uri: 'spiffe://corp/a/b', issuer: '' } },
    'false',
  ],
  ['now.time == timestamp("2026-11-21T10:00:00Z")', {}, 'true'],
  ['now.hour("Europe/Berlin") == 11 && now.hour("UTC") == 10', {}, 'true'],
  ['now.minute("Asia/Kathmandu") == 45', {}, 'true'],
  ['now.weekday("Europe/Berlin") == "saturday"', {}, 'true'],
  ['now.weekday("Pacific/Kiritimati") == "sunday"', {}, 'true'],
  ['now.time.getHours() == 10 && now.time.getHours("Europe/Berlin") == 11', {}, 'true'],
  ['now.time.getDayOfWeek() == 6 && now.time.getMonth() == 10 && now.time.getDate() == 21', {}, 'true'],
  [
    'now.time.getDayOfMonth() == 20 && now.time.getDayOfYear() == 324 && now.time.getFullYear() == 2026',
    {},
    'true',
  ],
  ['now.time - duration("1h") < now.time', {}, 'true'],
  ['tool.name == "bank_pay" && tool.annotations.destructiveHint == true', {}, 'true'],
  ['tool.upstream == "x"', {}, 'error'],
  ['has(tool.upstream)', {}, 'false'],
  ['resource == "bank_pay"', {}, 'true'],
]

for (const [source, proofs, truth] of PROVED)
  test(`${source} comes to ${truth} of what was proved: ${JSON.stringify(proofs)}`, () => {
    assert.equal(truthOf(source, {}, proofs), truth)
  })

const CLOCKS: readonly (readonly [at: string, zone: string, hour: number, weekday: string])[] = [
  ['2026-03-29T00:59:59Z', 'Europe/Berlin', 1, 'sunday'],
  ['2026-03-29T01:00:00Z', 'Europe/Berlin', 3, 'sunday'],
  ['2026-10-25T00:30:00Z', 'Europe/Berlin', 2, 'sunday'],
  ['2026-10-25T01:30:00Z', 'Europe/Berlin', 2, 'sunday'],
  ['2026-10-25T02:00:00Z', 'Europe/Berlin', 3, 'sunday'],
  ['2026-04-04T14:59:00Z', 'Australia/Lord_Howe', 1, 'sunday'],
  ['2026-04-04T15:00:00Z', 'Australia/Lord_Howe', 1, 'sunday'],
  ['2026-04-04T15:30:00Z', 'Australia/Lord_Howe', 2, 'sunday'],
  ['2026-12-31T23:30:00Z', 'Asia/Kolkata', 5, 'friday'],
  ['1970-01-01T00:00:00Z', 'America/New_York', 19, 'wednesday'],
  ['2026-06-01T00:00:00Z', '-03:30', 20, 'sunday'],
]

for (const [at, zone, hour, weekday] of CLOCKS)
  test(`at ${at} it is ${weekday}, hour ${hour} in ${zone}, whatever was asked before`, () => {
    const condition = compiled(`now.hour("${zone}") == ${hour} && now.weekday("${zone}") == "${weekday}"`)
    for (const now of [NOON, Date.parse(at)]) condition.evaluate({ ...factsOf({}), now })
    assert.equal(condition.evaluate({ ...factsOf({}), now: Date.parse(at) }), 'true')
  })

test('a condition of a grant knows the caller and the time', () => {
  const facts = { proofs: { ...ALICE, mfaAt: NOON - 1000 }, roles: [], attributes: {}, now: NOON }
  const source = 'principal.id == "user:alice" && auth.mfaAge < duration("8h") && now.hour("UTC") == 10'
  assert.equal(compiled(source, GRANT).evaluate(facts), 'true')
})

test('arguments are read where they are, and never changed', () => {
  const args = deepFrozen({ amount: 5, tags: ['a'], to: { iban: 'x' }, any: { deep: [{ n: 1 }] } })
  assert.equal(
    truthOf('args.any.deep[0].n == 1 && args.tags + ["b"] == ["a", "b"] && args.to.iban == "x"', args),
    'true',
  )
})

test('a union, a reference to itself and a free object are anything; an enumeration is what its values are', () => {
  const schema = {
    type: 'object',
    properties: {
      node: { $ref: '#/$defs/node' },
      color: { enum: ['red', 'green'] },
      one: { anyOf: [{ type: 'integer' }] },
      free: { type: 'object' },
    },
    $defs: {
      node: { type: 'object', properties: { name: { type: 'string' }, next: { $ref: '#/$defs/node' } } },
    },
  }
  const scope = { kind: 'rule', hasArguments: true, entry: entryWith(schema) } as const
  const source =
    'args.node.next.next.name == "c" && args.color.startsWith("r") && args.one + 1 == 2 && args.free.anything == 1'
  const args = { node: { next: { next: { name: 'c' } } }, color: 'red', one: 1, free: { anything: 1 } }
  assert.equal(compiled(source, scope).evaluate(factsOf(args)), 'true')
})

const NEEDS: readonly (readonly [source: string, needs: readonly string[]])[] = [
  ['principal.id == "x" && "r" in principal.roles', []],
  ['args.n == 1', ['arguments']],
  ['has(args.n)', ['arguments']],
  ['resource == "x"', ['arguments']],
  ['now.hour("UTC") == 1', ['time']],
  ['now.time == now.time', ['time']],
  ['auth.age > duration("1s")', ['time', 'proofs']],
  ['has(auth["mfaAge"])', ['time', 'proofs']],
  ['auth.methods == []', ['proofs']],
  ['has(auth.certificate.uri)', ['proofs']],
  ['tool.name == "x"', []],
]

for (const [source, needs] of NEEDS)
  test(`${source} needs ${needs.length === 0 ? 'nothing of a request' : needs.join(' and ')}`, () => {
    const { needsArguments, needsTime, needsProofs } = compiled(source)
    const found = { arguments: needsArguments, time: needsTime, proofs: needsProofs }
    assert.deepEqual(
      Object.entries(found).flatMap(([need, isNeeded]) => (isNeeded ? [need] : [])),
      needs,
    )
  })

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) deepFrozen(inner)
  return value
}

const URIS: readonly (readonly [condition: string, uri: string, truth: Truth])[] = [
  ['glob(resource, "file:///etc/**")', 'file:///etc/passwd', 'true'],
  ['glob(resource, "file:///etc/**")', 'file:///srv/a', 'false'],
  ['glob(resource, "file:///etc/**")', 'file:///srv/../etc/passwd', 'error'],
  ['glob(resource, "file:///etc/**")', 'file:///srv%2F..%2Fetc/passwd', 'error'],
  ['glob(resource, "file:///etc/**")', 'file:////etc/passwd', 'error'],
  ['glob(resource, "file:///etc/**")', 'file:///srv%5C..%5Cetc%5Cpasswd', 'error'],
  ['!glob(resource, "file:///srv/**")', 'file:///srv/../etc/passwd', 'error'],
  ['!glob(resource, "file:///srv/**")', 'file:///srv/a/../b', 'false'],
  ['glob(resource, "note://größe-*")', 'note://gr%C3%B6%C3%9Fe-1', 'true'],
  ['glob(resource, "note://gr%C3%B6%C3%9Fe-*")', 'note://gr%C3%B6%C3%9Fe-1', 'true'],
  ['glob(resource, "note://*")', 'note://a%20b', 'true'],
  ['glob(resource, "note://*")', 'note://a%2Fb', 'error'],
  ['glob(resource, "fetch://https://a/**")', 'fetch://https://a/b', 'true'],
]

for (const [condition, uri, truth] of URIS)
  test(`${condition} comes to ${truth} of ${uri}`, () => {
    const entry = { ...entryWith(), kind: 'resource', name: 'file:///{+path}' } as const
    const made = compiled(condition, { kind: 'rule', hasArguments: true, entry })
    const asked = { action: 'resources/read', resource: uri, entry, args: {} } as const
    assert.equal(made.evaluate({ ...factsOf({}), asked }), truth)
  })
