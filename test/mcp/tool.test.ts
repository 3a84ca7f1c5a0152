import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineTool, errorResult, textResult } from '../../src/mcp/tool.ts'
import { callOf } from '../support/tool.ts'

const call = callOf('service:demo')

function toolOf(shape: z.ZodRawShape, seen: unknown[] = []) {
  return defineTool({
    name: 'mark',
    description: 'Leaves a mark.',
    inputSchema: z.strictObject(shape),
    permission: 'mark:call',
    run(args) {
      seen.push(args)
      return textResult('done')
    },
  })
}

async function problemsOf(
  tool: ReturnType<typeof toolOf>,
  args: Record<string, unknown>,
): Promise<readonly string[]> {
  const prepared = await tool.prepare(args)
  assert.equal(prepared.kind, 'invalid')
  return prepared.problems
}

test('its JSON Schema is of the input, an object, and says what is required', () => {
  const { inputSchema } = toolOf({
    id: z.string(),
    more: z.number().optional(),
    given: z.string().default('x'),
  })
  assert.equal(inputSchema.type, 'object')
  assert.deepEqual(inputSchema['required'], ['id'])
  assert.equal(inputSchema['additionalProperties'], false)
  assert.match(String(inputSchema['$schema']), /2020-12/)
})

test('a tool is frozen, so that nobody gives it another permission', () => {
  assert.ok(Object.isFrozen(toolOf({})))
})

test('good arguments run as they came: the same object, nothing defaulted, coerced or stripped', async () => {
  const seen: unknown[] = []
  const tool = toolOf({ given: z.string().default('x'), number: z.number().optional() }, seen)
  const args = Object.freeze({ number: 5 })
  const prepared = await tool.prepare(args)
  assert.equal(prepared.kind, 'ready')
  assert.deepEqual(await prepared.run(call), textResult('done'))
  assert.equal(seen[0], args)
})

test('preparing runs nothing', async () => {
  const seen: unknown[] = []
  await toolOf({}, seen).prepare({})
  assert.deepEqual(seen, [])
})

test('bad arguments are told with where they are', async () => {
  const tool = toolOf({ id: z.string(), deep: z.object({ list: z.array(z.number()) }) })
  const problems = await problemsOf(tool, { deep: { list: [1, 'x'] }, other: 1 })
  assert.equal(problems.length, 3)
  assert.match(problems[0] ?? '', /^id: /)
  assert.match(problems[1] ?? '', /^deep\.list\.1: /)
  assert.match(problems[2] ?? '', /other/)
})

test('however much is wrong, a few short problems are told', async () => {
  const tool = toolOf({ list: z.array(z.number()) })
  const problems = await problemsOf(tool, { list: Array.from({ length: 1_000 }, () => 'x') })
  assert.equal(problems.length, 10)
  const [longest = ''] = await problemsOf(tool, { list: [], ['x'.repeat(100_000)]: 1 })
  assert.equal(longest.length, 256)
})

test('results are what the specification calls them', () => {
  assert.deepEqual(textResult('a'), { content: [{ type: 'text', text: 'a' }] })
  assert.deepEqual(errorResult('a'), { content: [{ type: 'text', text: 'a' }], isError: true })
})
