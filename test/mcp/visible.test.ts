import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Policy } from '../../src/access/decision.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import { fixedCatalog } from '../../src/mcp/catalog-source.ts'
import { createGuard } from '../../src/mcp/guard.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { visibleIn, type Visible } from '../../src/mcp/visible.ts'
import { callerOf } from '../support/caller.ts'
import { policyOf } from '../support/server.ts'

const tool = (name: string) =>
  defineTool({
    name,
    description: 'x',
    inputSchema: z.strictObject({ deep: z.object({ a: z.string() }) }),
    permission: 'a:b',
    run: () => textResult('x'),
  })
const named = { description: 'x', permission: 'a:b' } as const
const catalog = createCatalog({
  tools: ['c', 'a', 'b'].map(tool),
  prompts: ['c', 'a', 'b'].map((name) =>
    definePrompt({ ...named, name, arguments: [], get: async () => undefined }),
  ),
  resources: ['c', 'a', 'b'].map((name) =>
    defineResource({
      ...named,
      name,
      uriTemplate: `${name}:{id}`,
      list: async () => [],
      read: async () => undefined,
    }),
  ),
})

interface Setting {
  readonly visible: Visible
  /** What was asked, in order. */
  readonly asked: string[]
  /** The policy in force from now on. */
  use(more: Partial<Policy>): void
}

function setting(more: Partial<Policy>): Setting {
  const asked: string[] = []
  const made = (own: Partial<Policy>): Policy => ({
    ...policyOf(),
    decide(_context, { action, resource, isFamily }) {
      asked.push(`${action} ${resource}${isFamily === true ? ' family' : ''}`)
      return { kind: 'allow', limits: [], shadow: [] }
    },
    listKey: () => undefined,
    ...own,
  })
  let policy = made(more)
  const guard = createGuard({
    policy: () => policy,
    audit: { record: async () => assert.fail('lists are not on record') },
    now: () => 1_000,
    onException: () => undefined,
  })
  return { visible: visibleIn(fixedCatalog(catalog), guard), asked, use: (next) => (policy = made(next)) }
}

const alice = callerOf('user:alice')
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join('')

test('everything is decided on by its own list, in the order of names', () => {
  const { visible, asked } = setting({})
  assert.equal(names(visible.tools(alice)), 'abc')
  assert.equal(names(visible.prompts(alice)), 'abc')
  assert.equal(names(visible.templates(alice)), 'abc')
  assert.deepEqual(asked, [
    ...['a', 'b', 'c'].map((name) => `tools/list ${name}`),
    ...['a', 'b', 'c'].map((name) => `prompts/list ${name}`),
    ...['a', 'b', 'c'].map((name) => `resources/templates/list ${name}:{id} family`),
  ])
})

test('what is denied is not there; what depends, or needs somebody first, is', () => {
  const kinds: Record<string, ReturnType<Policy['decide']>> = {
    a: { kind: 'deny', reason: 'denied_by_rule', rule: 'r', shadow: [] },
    b: { kind: 'depends', shadow: [] },
    c: {
      kind: 'needs',
      needs: [{ kind: 'second_factor', rule: 'r', within: 1 }],
      limits: [],
      shadow: [],
    },
  }
  const { visible } = setting({ decide: (_context, { resource }) => kinds[resource] ?? assert.fail() })
  assert.equal(names(visible.tools(alice)), 'bc')
})

test('a list is decided once for one key, and anew for another, for none, and by another policy', () => {
  const [one, other] = [{}, {}]
  const { visible, asked, use } = setting({
    listKey: ({ principal }) => (principal.name === 'bob' ? other : one),
  })
  const decided = (id: string): number => {
    asked.splice(0)
    assert.equal(names(visible.tools(callerOf(id))), 'abc')
    return asked.length
  }
  assert.deepEqual(
    ['user:alice', 'user:alice', 'user:carol', 'user:bob', 'user:bob'].map(decided),
    [3, 0, 0, 3, 0],
  )
  use({ listKey: () => ({}) })
  assert.deepEqual(['user:alice', 'user:alice'].map(decided), [3, 3])
  use({})
  assert.deepEqual(['user:alice', 'user:alice'].map(decided), [3, 3])
})

test('one list is not the other under the same key', () => {
  const key = {}
  const { visible } = setting({ listKey: () => key })
  assert.ok(visible.tools(alice).every((shown) => 'inputSchema' in shown))
  assert.ok(visible.prompts(alice).every((shown) => !('inputSchema' in shown)))
})

test('a policy that has no key to give is asked each time', () => {
  const { visible, asked } = setting({
    listKey() {
      throw new Error('secret')
    },
  })
  assert.equal(names(visible.tools(alice)), 'abc')
  assert.equal(names(visible.tools(alice)), 'abc')
  assert.equal(asked.length, 6)
})

test('what is shown can be changed by nobody, and the schemas of the tools stay theirs', () => {
  const { visible } = setting({})
  const [shown] = visible.tools(alice)
  assert.throws(() => Object.assign(shown?.inputSchema ?? {}, { x: 1 }), TypeError)
  assert.ok(!Object.isFrozen(catalog.tool('a')?.inputSchema))
})
