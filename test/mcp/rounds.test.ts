import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inputRequired, type InputRequiredResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Decision, Need } from '../../src/access/decision.ts'
import type { AuthContext } from '../../src/auth/context.ts'
import type { CallingClient } from '../../src/mcp/calling-client.ts'
import type { Confirmations } from '../../src/mcp/confirmations.ts'
import { elicitConfirmation } from '../../src/mcp/elicit-confirmation.ts'
import type { Limiter } from '../../src/mcp/limiter.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { ROUND_LIFE, sealedStates } from '../../src/mcp/sealed-state.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { modern } from '../support/clients.ts'
import { testEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

const NAME_FORM = inputRequired.elicit({
  message: 'What is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
})
const ASKING = inputRequired({ inputRequests: { name: NAME_FORM }, requestState: 'asked for the name' })
const FORM = { elicitation: { form: {} } }
const KEY = createSecretKey(randomBytes(32))
const APPROVAL: Need = { kind: 'approval', rule: 'two-people', by: { role: 'treasurer' }, owner: null }
const NEEDS: Decision = { kind: 'needs', needs: [APPROVAL], limits: [], shadow: [] }
const ALLOW: Decision = { kind: 'allow', limits: [], shadow: [] }

interface Setting {
  readonly asks?: (client: CallingClient) => InputRequiredResult
  readonly withoutLimiter?: boolean
}

/** A tool that asks for a name, behind a policy and a clock that a test sets. */
function setting({ asks = () => ASKING, withoutLimiter = false }: Setting = {}) {
  const state = { decision: ALLOW, now: 1_000, confirms: 0 }
  const handed: CallingClient[] = []
  const greet = (name: string) =>
    defineTool({
      name,
      description: 'Greets.',
      inputSchema: z.strictObject({ loud: z.boolean().optional() }),
      permission: 'test:greet',
      run(_args, { client }) {
        handed.push(client)
        return client.inputResponses['name'] === undefined ? asks(client) : textResult('Hello')
      },
    })
  const used = new Set<string>()
  const limiter: Limiter = {
    async count(uses) {
      const isUsed = uses.some(({ counter }) => used.has(counter))
      for (const { counter } of uses) used.add(counter)
      const giveBack = async () => undefined
      return isUsed ? { kind: 'over', limit: 'rounds', retryAfter: 1 } : { kind: 'within', giveBack }
    },
  }
  const confirmations: Confirmations = {
    async confirm() {
      state.confirms++
      return { kind: 'confirmed', by: ['user:bob'] }
    },
    settled: async () => assert.fail(),
    withdraw: async () => assert.fail(),
  }
  const endpoint = testEndpoint({
    tools: [greet('greet'), greet('greet_too')],
    prompts: [
      definePrompt({
        name: 'greet',
        description: 'Greets.',
        arguments: [],
        permission: 'test:greet',
        get: async (_args, { client }) => asks(client),
      }),
    ],
    resources: [
      defineResource({
        name: 'greeting',
        description: 'Greets.',
        uriTemplate: 'greeting://{id}',
        permission: 'test:greet',
        list: async () => [],
        read: async (_uri, _variables, { client }) => asks(client),
      }),
    ],
    policy: { ...policyOf(), decide: () => state.decision },
    now: () => state.now,
    stateKeys: [KEY],
    guard: { confirmations, ...(withoutLimiter ? {} : { limiter }) },
    wayForward: elicitConfirmation({ confirmations }),
  })
  const call = async (
    more: Record<string, unknown> = {},
    { method = 'tools/call', principal = 'user:alice', context = {}, capabilities = FORM }: Who = {},
  ): Promise<Came> => {
    const { headers, body } = modern(method, { name: 'greet', ...more })
    const message = JSON.parse(body) as { params: { _meta: Record<string, unknown> } }
    message.params._meta['io.modelcontextprotocol/clientCapabilities'] = capabilities
    const sent = endpoint.send({ headers, body: JSON.stringify(message) }, principal, context)
    const text = await sent.text()
    return { status: Number(text.slice(0, 3)), ...(JSON.parse(text.slice(4)) as object) }
  }
  return { ...endpoint, call, state, handed }
}

interface Who {
  readonly method?: string
  readonly principal?: string
  readonly context?: Partial<AuthContext>
  readonly capabilities?: object
}

interface Came {
  readonly status: number
  readonly result?: {
    readonly resultType?: string
    readonly inputRequests?: object
    readonly requestState?: string
    readonly isError?: boolean
    readonly content?: readonly { readonly text: string }[]
  }
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

const INVALID = { code: -32602, message: 'Invalid or expired requestState' }
const answered = ({ result }: Came) => ({
  inputResponses: { name: { action: 'accept', content: { name: 'Zoe' } } },
  ...(result?.requestState === undefined ? {} : { requestState: result.requestState }),
})

test('what a handler asks goes to its client, and its state comes back to it as it was', async () => {
  const { call, handed, events } = setting()
  const first = await call()
  assert.equal(first.result?.resultType, 'input_required')
  assert.deepEqual(first.result.inputRequests, ASKING.inputRequests)
  assert.doesNotMatch(first.result.requestState ?? '', /asked/)
  const second = await call(answered(first))
  assert.equal(second.result?.content?.[0]?.text, 'Hello')
  assert.deepEqual(
    handed.map(({ requestState }) => requestState),
    [undefined, 'asked for the name'],
  )
  assert.deepEqual(handed[1]?.inputResponses, answered(first).inputResponses)
  assert.deepEqual(
    events.flatMap((event) => ('outcome' in event ? [event.outcome] : [])),
    ['input_required', 'ok'],
  )
})

test('so it goes for prompts and resources', async () => {
  const { call, events } = setting()
  for (const method of ['prompts/get', 'resources/read']) {
    const { result } = await call(method === 'prompts/get' ? {} : { name: undefined, uri: 'greeting://1' }, {
      method,
    })
    assert.deepEqual(result?.inputRequests, ASKING.inputRequests, method)
  }
  assert.deepEqual(
    events.flatMap((event) => ('outcome' in event ? [event.outcome] : [])),
    ['input_required', 'input_required'],
  )
})

test('a state of somebody else, of another call, too old, changed, or of another key gets one answer, on record', async () => {
  const { call, state, handed, events } = setting()
  const theirs = await call({}, { principal: 'user:mallory' })
  const mine = await call()
  const foreign = sealedStates([createSecretKey(randomBytes(32))], () => 0)
  const place = { principal: 'user:alice', action: 'tools/call', name: 'greet', args: {} } as const
  const forged = foreign.seal({ handler: 'admin' }, place, 1e12)
  const ran = handed.length
  const tries: Came[] = [
    await call(answered(theirs)),
    await call({ ...answered(mine), name: 'greet_too' }),
    await call({ ...answered(mine), arguments: { loud: true } }),
    await call({ requestState: `${mine.result?.requestState}A` }),
    await call({ requestState: forged }),
    await call({ requestState: 'asked for the name' }),
    await call({ requestState: '' }),
    await call({ requestState: 'A'.repeat(1_000_000) }),
  ]
  state.now += ROUND_LIFE
  tries.push(await call(answered(mine)))
  for (const came of tries) assert.deepEqual([came.status, came.error], [200, INVALID])
  assert.equal(handed.length, ran)
  const denied = events.flatMap((event) => ('decision' in event ? [event.reason] : [])).slice(2)
  assert.deepEqual(
    denied,
    tries.map(() => 'request_state_invalid'),
  )
})

test('who may not call gets the answer for what does not exist, whatever it brings along', async () => {
  const { call, state } = setting()
  const mine = await call()
  state.decision = { kind: 'deny', reason: 'no_permission', rule: null, shadow: [] }
  for (const requestState of [mine.result?.requestState, 'forged'])
    assert.deepEqual((await call({ requestState })).error, { code: -32602, message: 'Unknown tool: greet' })
})

test('a call in several rounds is confirmed once, and each round is on record with who confirmed it', async () => {
  let round = 0
  const { call, state, events } = setting({
    asks: () => (round++ < 2 ? { ...ASKING, requestState: `round ${round}` } : ASKING),
  })
  state.decision = NEEDS
  const first = await call()
  const second = await call({ ...answered(first), inputResponses: {} })
  const third = await call(answered(second))
  assert.equal(third.result?.content?.[0]?.text, 'Hello')
  assert.equal(state.confirms, 1)
  const by = events.flatMap((event) => ('confirmedBy' in event ? [event.confirmedBy] : []))
  assert.deepEqual(by, [['user:bob'], ['user:bob'], ['user:bob']])
})

test('a confirmation goes on to one other round, not to two', async () => {
  const { call, state } = setting()
  state.decision = NEEDS
  const first = await call()
  await Promise.all([call(answered(first)), call(answered(first)), call(answered(first))])
  assert.equal(state.confirms, 3)
})

test('another credential, other needs, or nobody who counts: confirmed anew', async () => {
  const { call, state } = setting()
  state.decision = NEEDS
  await call(answered(await call()), { context: { credential: 'sha256:bb' } })
  assert.equal(state.confirms, 2)
  const first = await call()
  state.decision = { ...NEEDS, needs: [{ ...APPROVAL, by: { role: 'auditor' } }] }
  await call(answered(first))
  assert.equal(state.confirms, 4)
  const alone = setting({ withoutLimiter: true })
  alone.state.decision = NEEDS
  await alone.call(answered(await alone.call()))
  assert.equal(alone.state.confirms, 2)
})

test('everything else is decided anew in each round', async () => {
  const { call, state, handed } = setting()
  state.decision = NEEDS
  const first = await call()
  state.decision = { kind: 'deny', reason: 'denied_by_rule', rule: 'closed', shadow: [] }
  assert.equal((await call(answered(first))).error?.message, 'Unknown tool: greet')
  assert.equal(handed.length, 1)
})

test('a client is never asked what it did not declare, and is told what it lacks', async () => {
  const { call, events } = setting()
  const came = await call({}, { capabilities: { elicitation: { url: {} } } })
  assert.equal(came.status, 400)
  assert.equal(came.error?.code, -32021)
  assert.deepEqual(came.error.data, { requiredCapabilities: { elicitation: { form: {} } } })
  assert.deepEqual(
    events.flatMap((event) => ('outcome' in event ? [event.outcome] : [])),
    ['error'],
  )
})

test('a handler that asks for nothing, for too much, or with too long a state has failed', async () => {
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`n${at}`, NAME_FORM]))
  const bad = [
    { resultType: 'input_required' },
    { resultType: 'input_required', requestState: 'x'.repeat(65_537) },
    { resultType: 'input_required', inputRequests: many },
    { resultType: 'input_required', inputRequests: { x: { method: 'tools/call', params: {} } } },
  ] as unknown as readonly InputRequiredResult[]
  for (const result of bad) {
    const { call, problems } = setting({ asks: () => result })
    const came = await call()
    assert.match(came.result?.content?.[0]?.text ?? '', /The tool failed/)
    assert.equal(problems.length, 1)
  }
})

test('answers to more than anybody asks are none, and keep nobody busy', async () => {
  const { call, handed } = setting()
  const inputResponses = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, at) => [`n${at}`, { action: 'accept' }]),
  )
  await call({ inputResponses: { ...inputResponses, name: { action: 'accept' } } })
  assert.deepEqual(handed[0]?.inputResponses, {})
})
