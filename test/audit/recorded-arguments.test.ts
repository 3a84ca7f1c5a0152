import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { UNKNOWN } from '../../src/access/decision.ts'
import { argumentsDigest, argumentsRecorder, type ArgumentsRule } from '../../src/audit/recorded-arguments.ts'

const KEY = 'a-key-of-digests-for-tests-only-0123456789'
const ARGS = { path: '/share/a', mode: 'read', depth: 3 }

const hmac = (text: string): string => `hmac-sha256:${createHmac('sha256', KEY).update(text).digest('hex')}`
const WHOLE = hmac('{"depth":3,"mode":"read","path":"/share/a"}')

const recorder = (...rules: readonly ArgumentsRule[]) => argumentsRecorder({ key: KEY, rules })

test('ASVS 16.2.5: unless something else is configured there is one keyed digest, and nothing else', () => {
  assert.deepEqual(recorder()('tool', 'files_read', ARGS), { digest: WHOLE })
  assert.equal(argumentsDigest(KEY, { depth: 3, path: '/share/a', mode: 'read' }), WHOLE)
  const other = argumentsRecorder({ key: KEY.toUpperCase(), rules: [] })
  assert.notDeepEqual(
    other('tool', 'files_read', ARGS),
    { digest: WHOLE },
    'without the key nobody can try values',
  )
})

test('by name: digest, names, redacted or full; the first rule that fits holds', () => {
  const record = recorder(
    { tools: ['files_read'], record: 'redacted', keep: ['path', 'absent'] },
    { tools: ['files_*'], prompts: ['greet'], record: 'names' },
    { resources: ['note://*/public/**'], record: 'full' },
    { record: 'full' },
  )
  assert.deepEqual(record('tool', 'files_read', ARGS), {
    digest: WHOLE,
    values: { path: '/share/a', mode: hmac('"read"'), depth: hmac('3') },
  })
  const names = { digest: WHOLE, names: ['depth', 'mode', 'path'] }
  assert.deepEqual(record('tool', 'files_write', ARGS), names)
  assert.deepEqual(record('prompt', 'greet', ARGS), names)
  assert.deepEqual(record('resource', 'note://a/public/x/y', ARGS), { digest: WHOLE, values: ARGS })
  assert.deepEqual(record('resource', 'note://a/b/public/x', ARGS), { digest: WHOLE })
  assert.deepEqual(record('tool', 'greet', ARGS), { digest: WHOLE }, 'a tool is no prompt')
})

test('no arguments are said to be none, and unknown ones are not spoken of', () => {
  assert.deepEqual(recorder()('tool', 'whoami', {}), { digest: hmac('{}'), values: {} })
  assert.equal(recorder({ tools: ['**'], record: 'full' })('tool', 'whoami', UNKNOWN), null)
})

test('a value that is too large, or looks like a digest, is a digest; what is kept is bounded in all', () => {
  const record = recorder({ tools: ['*'], record: 'full' })
  const valuesOf = (args: Record<string, unknown>) => {
    const recorded = record('tool', 'x', args)
    assert.ok(recorded !== null && 'values' in recorded)
    return recorded.values
  }
  const large = 'x'.repeat(5000)
  assert.deepEqual(valuesOf({ a: large, b: 1 }), { a: hmac(`"${large}"`), b: 1 })
  const forged = WHOLE
  assert.deepEqual(valuesOf({ a: forged }), { a: hmac(`"${forged}"`) })
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`a${index}`, 'y'.repeat(1000)]))
  assert.ok(JSON.stringify(valuesOf(many)).length < 20_000)
})

test('too many arguments, and names too long, are recorded by their digest alone', () => {
  const record = recorder({ tools: ['*'], record: 'full' })
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`a${index}`, index]))
  for (const args of [many, { ['x'.repeat(129)]: 1 }])
    assert.deepEqual(record('tool', 'x', args), { digest: argumentsDigest(KEY, args) })
})

test('in every way of recording the digest of all is the same, and equal values have equal digests', () => {
  const args = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
  fc.assert(
    fc.property(args, fc.constantFrom('digest', 'names', 'redacted', 'full'), (values, record) => {
      const recorded = recorder({ tools: ['*'], record })('tool', 'x', values)
      assert.equal(recorded?.digest, argumentsDigest(KEY, values))
    }),
    { numRuns: 200 },
  )
  const record = recorder({ tools: ['*'], record: 'redacted' })
  const recorded = record('tool', 'x', { a: { p: 1, q: 2 }, b: { q: 2, p: 1 } })
  assert.ok(recorded !== null && 'values' in recorded)
  assert.equal(recorded.values['a'], recorded.values['b'])
})
