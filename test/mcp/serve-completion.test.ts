import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  UNKNOWN,
  type AccessRequest,
  type Arguments,
  type Decision,
  type Policy,
} from '../../src/access/decision.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint, type TestEndpoint, type TestEndpointOptions } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

const NAMES = ['plan', 'plan b', 'secret', 'plan/../secret', 'place']
const begins = async (_name: string, begun: string) => NAMES.filter((name) => name.startsWith(begun))

const note = defineResource({
  name: 'note',
  description: 'A note.',
  uriTemplate: 'note://{id}',
  permission: 'notes:read',
  list: async () => [],
  read: async () => undefined,
  complete: begins,
})
const page = defineResource({
  name: 'page',
  description: 'A page of a book.',
  uriTemplate: 'page://{book}/{number}',
  permission: 'notes:read',
  list: async () => [],
  read: async () => undefined,
  complete: begins,
})
const mute = defineResource({ ...page, name: 'mute', uriTemplate: 'mute://{id}', permission: 'notes:read' })
const summary = definePrompt({
  name: 'summary',
  description: 'Summarizes.',
  arguments: [{ name: 'id', required: true }, { name: 'tone' }],
  permission: 'notes:read',
  get: async () => undefined,
  complete: begins,
})
const pair = definePrompt({
  ...summary,
  name: 'pair',
  arguments: [
    { name: 'id', required: true },
    { name: 'other', required: true },
  ],
})

type Decide = (request: AccessRequest, args: Arguments) => Decision['kind']

function deciding(decide: Decide): Policy {
  return {
    ...policyOf(),
    decide(_context, request, args): Decision {
      const kind = decide(request, args)
      if (kind === 'deny') return { kind, reason: 'denied_by_rule', rule: 'test', shadow: [] }
      if (kind === 'depends') return { kind, shadow: [] }
      const need = { kind: 'second_factor', rule: 'test', within: 1 } as const
      return kind === 'allow'
        ? { kind, limits: [], shadow: [] }
        : { kind, needs: [need], limits: [], shadow: [] }
    },
  }
}

const endpointOf = (decide: Decide, more: Partial<TestEndpointOptions> = {}): TestEndpoint =>
  testEndpoint({
    prompts: [summary, pair],
    resources: [note, page, mute],
    policy: deciding(decide),
    ...more,
  })

const prompt = (name: string) => ({ type: 'ref/prompt', name })
const family = (uri: string) => ({ type: 'ref/resource', uri })

async function answerTo(endpoint: TestEndpoint, params: Record<string, unknown>): Promise<string> {
  return endpoint.send(modern('completion/complete', params)).text()
}

async function completed(
  endpoint: TestEndpoint,
  ref: Record<string, string>,
  argument: [string, string],
  known?: Record<string, string>,
): Promise<unknown> {
  const [name, value] = argument
  const params = {
    ref,
    argument: { name, value },
    ...(known === undefined ? {} : { context: { arguments: known } }),
  }
  const answer = await answerTo(endpoint, params)
  assert.match(answer, /^200 /)
  const { result } = JSON.parse(answer.slice(4)) as { result?: { completion: unknown } }
  return result?.completion ?? assert.fail(answer)
}

const said = (...values: string[]) => ({ values, total: values.length, hasMore: false })

test('an argument of a prompt and a variable of a template are completed', async () => {
  const endpoint = endpointOf(() => 'allow')
  assert.deepEqual(await completed(endpoint, prompt('summary'), ['id', 'plan']), {
    values: ['plan', 'plan b', 'plan/../secret'],
    total: 3,
    hasMore: false,
  })
  assert.deepEqual(await completed(endpoint, family('note://{id}'), ['id', 'plac']), said('place'))
})

test('what the thing does not have completes to nothing', async () => {
  const endpoint = endpointOf(() => 'allow')
  assert.deepEqual(await completed(endpoint, prompt('summary'), ['nothing', '']), said())
  assert.deepEqual(await completed(endpoint, family('note://{id}'), ['__proto__', '']), said())
  const plain = definePrompt({
    name: 'plain',
    description: 'x',
    arguments: [{ name: 'id' }],
    permission: 'authenticated',
    get: async () => undefined,
  })
  const other = testEndpoint({ prompts: [plain], policy: deciding(() => 'allow') })
  assert.deepEqual(await completed(other, prompt('plain'), ['id', '']), said())
})

test('each value is decided as the very resource that it leads to', async () => {
  const asked: unknown[] = []
  const endpoint = endpointOf((request, args) => {
    if (args !== UNKNOWN)
      asked.push([request.action, request.resource, request.entry, request.isFamily, args])
    return 'allow'
  })
  await completed(endpoint, family('note://{id}'), ['id', 'plan b'])
  const [uri, entry, args] = ['note://plan%20b', 'note://{id}', { id: 'plan b' }]
  assert.deepEqual(asked, [
    ['completion/complete', uri, entry, undefined, args],
    ['resources/read', uri, entry, undefined, args],
  ])
})

test('a value that the caller may not use is left out, and no count tells of it', async () => {
  const hides =
    (action: string): Decide =>
    (request, args) =>
      request.action === action && args !== UNKNOWN && JSON.stringify(args).includes('secret')
        ? 'deny'
        : 'allow'
  for (const action of ['resources/read', 'completion/complete'])
    assert.deepEqual(
      await completed(endpointOf(hides(action)), family('note://{id}'), ['id', '']),
      said('plan', 'plan b', 'place'),
    )
  for (const action of ['prompts/get', 'completion/complete'])
    assert.deepEqual(
      await completed(endpointOf(hides(action)), prompt('summary'), ['id', '']),
      said('plan', 'plan b', 'place'),
    )
})

test('a value whose use needs somebody first is said, as it is listed', async () => {
  const endpoint = endpointOf(({ action }, args) =>
    action === 'resources/read' && args !== UNKNOWN ? 'needs' : 'allow',
  )
  assert.deepEqual(await completed(endpoint, family('note://{id}'), ['id', 'plac']), said('place'))
})

test('while arguments are missing only what is allowed whatever they are is said', async () => {
  const depends: Decide = ({ action, resource, entry }) =>
    resource === entry && action !== 'completion/complete' ? 'depends' : 'allow'
  for (const ref of [prompt('pair'), family('page://{book}/{number}')]) {
    const argument: [string, string] = [ref.type === 'ref/prompt' ? 'id' : 'book', 'plac']
    assert.deepEqual(
      await completed(
        endpointOf(() => 'allow'),
        ref,
        argument,
      ),
      said('place'),
    )
    assert.deepEqual(await completed(endpointOf(depends), ref, argument), said())
  }
  const known = await completed(endpointOf(depends), family('page://{book}/{number}'), ['book', 'plac'], {
    number: '1',
  })
  assert.deepEqual(known, said('place'))
})

test('a value that leads out of its family is left out', async () => {
  const greedy = defineResource({
    ...note,
    name: 'aaa',
    uriTemplate: 'note://p{rest}',
    complete: async () => ['lan'],
  })
  const endpoint = endpointOf(() => 'allow', { resources: [greedy, note] })
  assert.deepEqual(await completed(endpoint, family('note://{id}'), ['id', '']), said('secret'))
})

test('at most 100 values are sent, and how many more there are for this caller', async () => {
  const many = Array.from({ length: 2000 }, (_, n) => `${n}`)
  const endpoint = endpointOf(
    (_request, args) => (args !== UNKNOWN && Number(args['id']) % 2 === 1 ? 'deny' : 'allow'),
    { resources: [defineResource({ ...note, complete: async () => many })] },
  )
  const completion = await completed(endpoint, family('note://{id}'), ['id', ''])
  assert.ok(typeof completion === 'object' && completion !== null && 'values' in completion)
  const { values, ...counts } = completion
  assert.deepEqual(values, many.filter((_, n) => n % 2 === 0).slice(0, 100))
  assert.deepEqual(counts, { total: 500, hasMore: true })
})

const DENIED: Readonly<Record<string, Decide>> = {
  'who may not complete': ({ action }) => (action === 'completion/complete' ? 'deny' : 'allow'),
  'who may not use it': ({ action }) => (action === 'completion/complete' ? 'allow' : 'deny'),
  'who would have to be asked first': ({ action }) => (action === 'completion/complete' ? 'needs' : 'allow'),
}

for (const [who, decide] of Object.entries(DENIED))
  test(`${who} gets the very answer of what does not exist, in both eras`, async () => {
    const endpoint = endpointOf(decide)
    const opened = endpoint.send(legacy('initialize', INITIALIZE))
    const answer = await opened.answer
    assert.ok(answer.kind === 'response')
    await opened.text()
    const session = answer.response.headers.get('mcp-session-id') ?? assert.fail()
    for (const message of [
      modern,
      (method: string, params: Record<string, unknown>) => legacy(method, params, session),
    ]) {
      const answered = async (ref: Record<string, string>, name: string) => {
        const params = { ref, argument: { name: 'id', value: '' } }
        return (await endpoint.send(message('completion/complete', params)).text()).replaceAll(name, 'X')
      }
      assert.equal(await answered(prompt('summary'), 'summary'), await answered(prompt('nothing'), 'nothing'))
      assert.equal(
        await answered(family('note://{id}'), 'note://{id}'),
        await answered(family('toad://{id}'), 'toad://{id}'),
      )
      assert.match(await answered(prompt('summary'), 'summary'), /-32602.*Unknown prompt: X/)
    }
  })

test('a completion is on record, without arguments, as what it is of', async () => {
  const endpoint = endpointOf(() => 'depends')
  await completed(endpoint, family('note://{id}'), ['id', ''])
  await answerTo(endpoint, { ref: prompt('nothing'), argument: { name: 'id', value: '' } })
  const decided = endpoint.events.flatMap((event) =>
    event.event === 'resource.decided' || event.event === 'prompt.decided'
      ? [[event.event, event.action, event.resource, event.decision, event.reason]]
      : [],
  )
  assert.deepEqual(decided, [
    ['resource.decided', 'completion/complete', 'note://{id}', 'allow', null],
    ['prompt.decided', 'completion/complete', 'nothing', 'deny', 'unknown_name'],
  ])
})

test('what a definition throws stays here', async () => {
  const broken = definePrompt({
    ...summary,
    complete: async () => {
      throw new Error('secret path')
    },
  })
  const endpoint = endpointOf(() => 'allow', { prompts: [broken] })
  const answer = await answerTo(endpoint, { ref: prompt('summary'), argument: { name: 'id', value: '' } })
  assert.match(answer, /-32603/)
  assert.doesNotMatch(answer, /secret/)
})

test('who completes is told of the arguments that are known, frozen, and of no others', async () => {
  const told: unknown[] = []
  const travel = definePrompt({
    name: 'travel',
    description: 'x',
    arguments: [{ name: 'country' }, { name: 'city' }],
    permission: 'notes:read',
    get: async () => ({ messages: [] }),
    async complete(argument, begun, _call, known) {
      told.push([argument, begun, { ...known }, Object.isFrozen(known)])
      return ['Zürich']
    },
  })
  const { send } = testEndpoint({ prompts: [travel] })
  const params = { ref: { type: 'ref/prompt', name: 'travel' }, argument: { name: 'city', value: 'Z' } }
  await send(modern('completion/complete', { ...params, context: { arguments: { country: 'CH' } } })).text()
  await send(modern('completion/complete', params)).text()
  assert.deepEqual(told, [
    ['city', 'Z', { country: 'CH' }, true],
    ['city', 'Z', {}, true],
  ])
})
