import assert from 'node:assert/strict'
import { test } from 'node:test'
import { specTypeSchemas, type StandardSchemaV1 } from '@modelcontextprotocol/server'
import * as first from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Policy } from '../../src/access/decision.ts'
import {
  isMethod,
  isServed,
  METHODS,
  type Method,
  type MethodRow,
  type Treatment,
} from '../../src/mcp/methods.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { sectionOf } from '../support/document.ts'
import { testEndpoint, type TestEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

type FirstMethod = (
  | first.ClientRequest
  | first.ClientNotification
  | first.ServerRequest
  | first.ServerNotification
)['method']

/** Does not compile when the SDK of the 1.x line has a method that the table lacks. */
const EVERY_METHOD_OF_1: Readonly<Record<FirstMethod, unknown>> = METHODS

/** The methods of the 2.x SDK: each schema says itself which one it expects. */
async function methodsOf2(): Promise<string[]> {
  const schemas = Object.entries<StandardSchemaV1>(specTypeSchemas)
  const messages = schemas.filter(([name]) => /(?:Request|Notification)$/.test(name))
  const expected = await Promise.all(
    messages.map(async ([, schema]) => {
      const { issues = [] } = await schema['~standard'].validate({ method: '' })
      const issue = issues.find(({ path }) => path?.[0] === 'method')
      return /expected "(.+)"$/.exec(issue?.message ?? '')?.[1]
    }),
  )
  return expected.filter((method) => method !== undefined)
}

/** The methods of the 1.x SDK, out of its schemas. */
function methodsOf1(): string[] {
  return Object.values(first).flatMap((schema) => {
    if (!(schema instanceof z.ZodObject)) return []
    const method: unknown = Reflect.get(schema.shape, 'method')
    return method instanceof z.ZodLiteral ? [String(method.value)] : []
  })
}

test('the table has every method that the SDKs know', async () => {
  const [of1, of2] = [methodsOf1(), await methodsOf2()]
  assert.ok(of1.length > 20 && of2.length > 20, `${of1.length} ${of2.length}`)
  assert.deepEqual(
    [...of1, ...of2].filter((method) => !isMethod(method)),
    [],
  )
  assert.deepEqual(new Set(Object.keys(EVERY_METHOD_OF_1)), new Set([...of1, ...of2]))
})

test('what is in no table is not served', () => {
  for (const method of ['', 'tasks/update', 'tools/execute', 'constructor', '__proto__', 'toString', 'Ping'])
    for (const era of ['2025-11-25', '2026-07-28'] as const) assert.equal(isServed(method, era), false)
})

const tool = defineTool({
  name: 'look',
  description: 'Looks.',
  inputSchema: z.strictObject({}),
  permission: 'test:look',
  run: () => textResult('seen'),
})
const prompt = definePrompt({
  name: 'ask',
  description: 'Asks.',
  arguments: [{ name: 'what' }],
  permission: 'test:look',
  get: async () => ({ messages: [] }),
  complete: async () => ['this'],
})
const family = defineResource({
  name: 'thing',
  description: 'A thing.',
  uriTemplate: 'thing://{id}',
  permission: 'test:look',
  list: async () => [{ uri: 'thing://1', name: '1' }],
  read: async (uri) => ({ contents: [{ uri, text: 'x' }] }),
})

/** Good parameters, so that nothing but the method decides what becomes of a message. */
const PARAMETERS: Partial<Record<Method, Record<string, unknown>>> = {
  initialize: INITIALIZE,
  'tools/call': { name: 'look' },
  'prompts/get': { name: 'ask' },
  'resources/read': { uri: 'thing://1' },
  'resources/subscribe': { uri: 'thing://1' },
  'resources/unsubscribe': { uri: 'thing://1' },
  'subscriptions/listen': { notifications: { resourceSubscriptions: ['thing://1'] } },
  'completion/complete': {
    ref: { type: 'ref/prompt', name: 'ask' },
    argument: { name: 'what', value: '' },
  },
  'logging/setLevel': { level: 'debug' },
  'elicitation/create': { message: 'x', requestedSchema: { type: 'object', properties: {} } },
  'sampling/createMessage': { messages: [], maxTokens: 1 },
  'notifications/cancelled': { requestId: 'never' },
  'notifications/progress': { progressToken: 'never', progress: 1 },
}

interface Reached {
  readonly status: number
  readonly text: string
  /** The actions that the policy was asked about. */
  readonly asked: ReadonlySet<string>
}

/** What becomes of a message, at an endpoint where everything is allowed and every question is noted. */
async function reached(
  endpointOf: (policy: Policy) => TestEndpoint,
  era: 'legacy' | 'modern',
  method: string,
): Promise<Reached> {
  const asked = new Set<string>()
  const { send } = endpointOf({
    ...policyOf(),
    decide(_context, { action }) {
      asked.add(action)
      return { kind: 'allow', limits: [], shadow: [] }
    },
  })
  const params = PARAMETERS[isMethod(method) ? method : 'ping'] ?? {}
  const message = era === 'modern' ? modern(method, params) : legacy(method, params, await sessionOf(send))
  const body = JSON.parse(message.body) as Record<string, unknown>
  if (method.startsWith('notifications/')) delete body['id']
  const sent = send({ ...message, body: JSON.stringify(body) })
  const answer = await sent.answer
  // A stream of changes does not end by itself.
  const isStream =
    method === 'subscriptions/listen' &&
    era === 'modern' &&
    answer.kind === 'response' &&
    answer.response.status === 200
  const whole = isStream ? `200 ${await firstOf(answer.response)}` : await sent.text()
  await sent.leave().catch(() => undefined)
  return { status: Number(whole.slice(0, 3)), text: whole.slice(4), asked }
}

async function firstOf(response: Response): Promise<string> {
  const reader = response.body?.getReader() ?? assert.fail()
  const { value } = await reader.read()
  await reader.cancel()
  return Buffer.from(value ?? []).toString()
}

async function sessionOf(send: TestEndpoint['send']): Promise<string> {
  const sent = send(legacy('initialize', INITIALIZE))
  const answer = await sent.answer
  assert.ok(answer.kind === 'response')
  await sent.text()
  return answer.response.headers.get('mcp-session-id') ?? assert.fail()
}

const everything = (policy: Policy) =>
  testEndpoint({ tools: [tool], prompts: [prompt], resources: [family], policy })

for (const era of ['legacy', 'modern'] as const)
  test(`every method gets what the table says, from a ${era} client`, async () => {
    for (const [method, row] of Object.entries(METHODS)) {
      const treatment = row[era]
      const { status, text, asked } = await reached(everything, era, method)
      const what = `${method}: ${status} ${text}`
      switch (treatment.kind) {
        case 'guarded':
          assert.deepEqual(
            [...asked].filter((action) => !treatment.by.some((one) => one === action)),
            [],
            what,
          )
          assert.ok(asked.has(treatment.by[0]), what)
          assert.ok(status === 200 && !text.includes('"error"'), what)
          break
        case 'public':
          assert.equal(asked.size, 0, what)
          assert.doesNotMatch(text, /-32601/, what)
          break
        case 'refused':
          assert.equal(asked.size, 0, what)
          assert.match(text, /"code":-32601,"message":"Method not found"/, what)
          break
        case 'dropped':
          assert.deepEqual([status, text, asked.size], [202, '', 0], what)
      }
    }
  })

for (const era of ['legacy', 'modern'] as const)
  test(`a method that nobody knows is refused or dropped, from a ${era} client`, async () => {
    for (const method of ['tools/execute', 'tasks/update', 'constructor', '__proto__', 'resources']) {
      const { text, asked } = await reached(everything, era, method)
      assert.match(text, /"code":-32601,"message":"Method not found"/, method)
      assert.equal(asked.size, 0)
    }
    const { status, text, asked } = await reached(everything, era, 'notifications/surprise')
    assert.deepEqual([status, text, asked.size], [202, '', 0])
  })

test('ARCHITECTURE.md has the table, row by row', () => {
  const words = (treatment: Treatment): string =>
    treatment.kind === 'guarded' ? treatment.by.map((action) => `\`${action}\``).join(', ') : treatment.kind
  const rows = Object.entries<MethodRow>(METHODS).map(
    ([method, { legacy: old, modern: present, because }]) => [
      `\`${method}\``,
      words(old),
      words(present),
      because ?? '',
    ],
  )
  assert.deepEqual(sectionOf('ARCHITECTURE.md', 'Every method').tables, [rows])
})
