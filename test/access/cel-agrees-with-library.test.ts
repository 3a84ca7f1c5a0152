import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { condition, fittingArguments } from '../support/condition-arbitrary.ts'
import { truthOf } from '../support/condition.ts'

const library = new Environment()
  .registerVariable('args', {
    schema: {
      n: 'int',
      path: 'string',
      flag: 'bool',
      tags: 'list<string>',
      more: 'list<string>',
      to: { iban: 'string', limit: 'int' },
      any: 'dyn',
      maybe: 'dyn',
    },
  })
  .registerVariable('principal', { schema: { id: 'string', name: 'string' } })

/** What the library's own evaluator says. */
function libraryTruth(source: string, args: unknown): string {
  try {
    return String(
      library.evaluate(source, { args: asCel(args), principal: { id: 'user:alice', name: 'alice' } }),
    )
  } catch {
    return 'error'
  }
}

function asCel(json: unknown): unknown {
  if (typeof json === 'number') return BigInt(json)
  if (Array.isArray(json)) return json.map(asCel)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, asCel(value)]))
}

test('conditions come to what the library evaluates them to', () => {
  fc.assert(
    fc.property(condition, fittingArguments, (source, args) => {
      assert.equal(truthOf(source, args), libraryTruth(source, args))
    }),
    { numRuns: 600 },
  )
})
