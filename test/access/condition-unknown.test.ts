import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UNKNOWN } from '../../src/access/decision.ts'
import type { Truth } from '../../src/access/condition.ts'
import { condition, fittingArguments, hostileArguments } from '../support/condition-arbitrary.ts'
import { compiled, factsOf, truthOf } from '../support/condition.ts'

const CASES: readonly (readonly [source: string, truth: Truth])[] = [
  ['args.n == 1', 'unknown'],
  ['!(args.n == 1)', 'unknown'],
  ['has(args.n)', 'unknown'],
  ['has(args.to.iban)', 'unknown'],
  ['size(args.tags) > 1', 'unknown'],
  ['args.tags.exists(t, true)', 'unknown'],
  ['args.tags.all(t, false)', 'unknown'],
  ['args.n == 1 ? true : true', 'unknown'],
  ['[args.n] == [1]', 'unknown'],
  ['{"a": args.n}.a == 1', 'unknown'],
  ['within(args.path, "/srv")', 'unknown'],
  ['args.path.matches("a")', 'unknown'],
  ['args.n == args.n', 'unknown'],
  ['type(args.any) == int', 'unknown'],
  ['args.n == 1 || true', 'true'],
  ['true || args.n == 1', 'true'],
  ['args.n == 1 && false', 'false'],
  ['false && args.n == 1', 'false'],
  ['args.n == 1 || false', 'unknown'],
  ['args.n == 1 && true', 'unknown'],
  ['auth.mfaAge < duration("5m") || args.n == 1', 'unknown'],
  ['args.n == 1 || auth.mfaAge < duration("5m")', 'unknown'],
  ['auth.mfaAge < duration("5m") && args.n == 1', 'unknown'],
  ['auth.mfaAge < duration("5m")', 'error'],
  ['[1, 2].exists(i, args.n == i)', 'unknown'],
  ['[1, 2].exists(i, args.n == i || i == 2)', 'true'],
  ['[1, 2].all(i, args.n == i && i == 2)', 'false'],
  ['principal.id == "user:alice" || args.n == 1', 'true'],
  ['principal.id == "user:bob" && args.n == 1', 'false'],
  ['resource == "bank_pay"', 'true'],
]

for (const [source, truth] of CASES)
  test(`${source} comes to ${truth} where arguments are not known`, () => {
    assert.equal(truthOf(source, UNKNOWN), truth)
  })

test('a resource that is not known is as arguments that are not', () => {
  const facts = factsOf({})
  assert.ok(facts.asked)
  const asked = { ...facts.asked, resource: undefined }
  assert.equal(compiled('resource == "bank_pay"').evaluate({ ...facts, asked }), 'unknown')
  assert.equal(compiled('resource == "bank_pay" || args.n == 1').evaluate({ ...facts, asked }), 'unknown')
})

test('what comes to true or false without arguments comes to that with any', () => {
  fc.assert(
    fc.property(condition, fc.oneof(fittingArguments, hostileArguments), (source, args) => {
      const made = compiled(source)
      const without = made.evaluate(factsOf(UNKNOWN))
      if (without === 'true' || without === 'false') assert.equal(made.evaluate(factsOf(args)), without)
      if (without === 'error') assert.equal(made.evaluate(factsOf(args)), 'error')
    }),
    { numRuns: 400 },
  )
})

test('arguments that use up the budget change nothing of what is decided without them', () => {
  const args = { tags: Array.from({ length: 100_000 }, () => 'a') }
  assert.equal(truthOf('args.tags.all(t, t == "a")', args), 'error')
  assert.equal(truthOf('args.tags.all(t, t == "a") && principal.id == "user:bob"', args), 'false')
  assert.equal(truthOf('args.tags.all(t, t == "a") || principal.id == "user:alice"', args), 'true')
  assert.equal(truthOf('args.tags.all(t, t == "a") || principal.id == "user:bob"', args), 'error')
})

test('whatever the arguments, a condition comes to true, false or an error', () => {
  fc.assert(
    fc.property(condition, hostileArguments, (source, args) => {
      assert.ok(['true', 'false', 'error'].includes(compiled(source).evaluate(factsOf(args))))
    }),
    { numRuns: 400 },
  )
})
