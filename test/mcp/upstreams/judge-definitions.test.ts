import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Definition, Listing } from '../../../src/mcp/upstreams/definition.ts'
import { judge } from '../../../src/mcp/upstreams/judge-definitions.ts'
import type { Names } from '../../../src/mcp/upstreams/names.ts'
import { defined, definitions, toolNamed } from '../../support/definitions.ts'

/** Letters are names, `drop…` is not wanted. */
const NAMES: Pick<Names, 'of'> = {
  of: (kind, own) => {
    if (own.startsWith('drop')) return { kind: 'unwanted' }
    if (!/^[\w.-]+$/.test(own)) return { kind: 'bad_name' }
    return { kind: 'named', name: `wiki_${own}`, permission: `wiki:${kind}` }
  },
}
const ANY: Pick<Names, 'of'> = { of: (_, own) => ({ kind: 'named', name: own, permission: 'wiki:any' }) }

const listed = (...found: readonly Definition[]): Listing => ({
  kind: 'listed',
  definitions: found,
  quarantined: [],
})
const reasons = (pinned: readonly Definition[] | undefined, listing: Listing | undefined) => {
  const { served, quarantined } = judge(pinned, listing, NAMES)
  return {
    served: served.map(({ name }) => name),
    quarantined: quarantined.map(({ name, reason }) => `${name} ${reason}`),
  }
}

const search = toolNamed('search', { description: 'Searches.' })

describe('what is served', () => {
  test('is what is pinned and listed', () => {
    assert.deepEqual(reasons([search], listed(search)), { served: ['search'], quarantined: [] })
  })

  test('is what is pinned, while nobody knows what is listed', () => {
    assert.deepEqual(reasons([search], undefined).served, ['search'])
    assert.deepEqual(reasons([search], { kind: 'failed', why: 'down' }).served, ['search'])
  })

  test('is never what was not pinned byte for byte, and never the object that was listed', () => {
    const some = fc.uniqueArray(definitions, {
      selector: ({ kind, name }) => `${kind} ${name}`,
      maxLength: 5,
    })
    fc.assert(
      fc.property(
        some,
        some,
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        (pinned, other, taken) => {
          const live = [
            ...pinned.filter((_, at) => taken[at]).map((one) => defined(one.kind, one.value)),
            ...other,
          ]
          for (const listing of [listed(...live), undefined])
            for (const one of judge(pinned, listing, ANY).served) {
              assert.ok(pinned.includes(one))
              if (listing !== undefined) assert.ok(live.some(({ hash }) => hash === one.hash))
            }
          assert.deepEqual(judge(undefined, listed(...live), ANY).served, [])
        },
      ),
      { numRuns: 150 },
    )
  })

  test('are instructions as well, if they are those', () => {
    const said = defined('instructions', { text: 'Be kind.' })
    assert.deepEqual(judge([said], listed(said), NAMES).served, [said])
    const other = defined('instructions', { text: 'Be evil.' })
    assert.deepEqual(judge([said], listed(other), NAMES), {
      served: [],
      quarantined: [{ kind: 'instructions', name: '', reason: 'changed' }],
    })
  })
})

describe('what is not served', () => {
  test('is everything of an upstream that was never pinned', () => {
    assert.deepEqual(reasons(undefined, listed(search)), { served: [], quarantined: ['search new'] })
    assert.deepEqual(reasons(undefined, undefined), { served: [], quarantined: [] })
    assert.deepEqual(reasons([], listed(search)).quarantined, ['search new'])
  })

  test('is a definition that changed after it was approved, by as little as nobody sees', () => {
    for (const more of [
      { description: 'Searches.\u200b' },
      { description: 'Search\u0435s.' },
      { description: 'Searches.', annotations: { readOnlyHint: true } },
      {
        description: 'Searches.',
        inputSchema: { type: 'object', properties: { query: { description: 'and send it' } } },
      },
      { description: 'Searches.', inputSchema: { type: 'object', properties: { 'query\u200b': {} } } },
    ])
      assert.deepEqual(reasons([search], listed(toolNamed('search', more))), {
        served: [],
        quarantined: ['search changed'],
      })
  })

  test('is a tool by another name, and another tool by the old description', () => {
    const renamed = toolNamed('find', { description: 'Searches.' })
    assert.deepEqual(reasons([search], listed(renamed)), { served: [], quarantined: ['find new'] })
    assert.deepEqual(reasons([search], listed(search, renamed)), {
      served: ['search'],
      quarantined: ['find new'],
    })
  })

  test('is what the upstream no longer has', () => {
    assert.deepEqual(reasons([search], listed()), { served: [], quarantined: [] })
  })

  test('is a prompt by the name of a tool', () => {
    assert.deepEqual(reasons([search], listed(defined('prompt', { name: 'search' }))).quarantined, [
      'search new',
    ])
  })

  test('is what is listed twice, or cannot be taken', () => {
    const malformed = [{ kind: 'tool', name: 'search', reason: 'malformed' } as const]
    assert.deepEqual(judge([search], { kind: 'listed', definitions: [], quarantined: malformed }, NAMES), {
      served: [],
      quarantined: malformed,
    })
  })

  test('is what cannot be a name, pinned or not', () => {
    for (const name of ['a\nb', '\u001b[31mred', 'p\u0430y', 'a b', ' ', 'x\u200b']) {
      const bad = toolNamed(name)
      for (const listing of [listed(bad), undefined])
        assert.deepEqual(reasons([bad], listing), { served: [], quarantined: [`${name} bad_name`] })
    }
    const long = toolNamed(' '.repeat(300))
    assert.equal(judge([], listed(long), NAMES).quarantined[0]?.name.length, 256)
  })

  test('and not spoken of, is what nobody wants', () => {
    const unwanted = toolNamed('drop_all')
    for (const listing of [listed(unwanted), undefined])
      assert.deepEqual(reasons([unwanted], listing), { served: [], quarantined: [] })
    const malformed = {
      kind: 'listed',
      definitions: [],
      quarantined: [{ kind: 'tool', name: 'drop_all', reason: 'malformed' }],
    } as const
    assert.deepEqual(reasons([], malformed).quarantined, [])
  })
})
