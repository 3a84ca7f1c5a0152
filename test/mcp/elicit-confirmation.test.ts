import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Need } from '../../src/access/decision.ts'
import { readPolicy } from '../../src/access/read-policy.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import type { Confirmations, Confirmed, PendingConfirmation } from '../../src/mcp/confirmations.ts'
import { elicitConfirmation } from '../../src/mcp/elicit-confirmation.ts'
import { createEndpoint } from '../../src/mcp/endpoint.ts'
import { fixedCatalog } from '../../src/mcp/catalog-source.ts'
import { createGuard } from '../../src/mcp/guard.ts'
import { surfaceOf } from '../../src/mcp/surface-of.ts'
import { whoami } from '../../src/tools/whoami.ts'
import { callerOf } from '../support/caller.ts'
import { modern } from '../support/clients.ts'

const SECOND_FACTOR: Need = { kind: 'second_factor', rule: 'fresh', within: 60_000 }
const APPROVAL: Need = { kind: 'approval', rule: 'fresh', by: { role: 'treasurer' }, owner: null }

const POLICY = `version: 1
rules: [ { name: fresh, effect: step-up, tools: [ whoami ], within: 1m } ]
roles: { all: [ "*" ] }
grants: [ { user: alice, roles: [ all ] }, { user: bob, roles: [ all ] } ]
`

/** A tool behind a rule, and confirmations that answer as a test says. */
function setting(need: Need = SECOND_FACTOR) {
  const catalog = createCatalog({ tools: [whoami(() => [])] })
  const { policy } = readPolicy(POLICY, 'access.yaml', surfaceOf(catalog))
  const pending: PendingConfirmation = {
    id: randomBytes(16).toString('base64url'),
    need,
    url: 'https://door.example/confirm/x',
    expiresAt: Date.parse('2026-11-21T10:05:00Z'),
  }
  const told = { waits: 0, withdrawn: 0, asked: 0 }
  const state = { confirmed: { kind: 'pending', pending } as Confirmed, settled: () => false }
  const confirmations: Confirmations = {
    async confirm() {
      told.asked++
      return state.confirmed
    },
    async settled() {
      told.waits++
      return state.settled()
    },
    async withdraw() {
      told.withdrawn++
    },
  }
  const onException = (): void => undefined
  const endpoint = createEndpoint({
    catalog: fixedCatalog(catalog),
    guard: createGuard({
      policy: () => policy,
      audit: { record: async () => undefined },
      confirmations,
      now: () => NOW,
      onException,
    }),
    wayForward: elicitConfirmation({ confirmations, patience: 1 }),
    stateKeys: [KEY],
    serverInfo: { name: 'test', version: '1' },
    limits: { requestsInFlight: 64, requestsPerMinute: 6000, legacySessions: 32 },
    now: () => NOW,
    onException,
    onRejected: onException,
  })
  const call = async (more: object = {}, elicitation: object = { url: {} }, principal = 'user:alice') => {
    const { headers, body } = modern('tools/call', { name: 'whoami', arguments: {}, ...more })
    const message = JSON.parse(body) as { params: { _meta: Record<string, unknown> } }
    message.params._meta['io.modelcontextprotocol/clientCapabilities'] = { elicitation }
    const answer = await endpoint.handle({
      caller: callerOf(principal, ['*']),
      method: 'POST',
      url: 'https://localhost/mcp',
      headers: new Headers(headers),
      readBody: async () => ({ kind: 'read', text: JSON.stringify(message) }),
      signal: new AbortController().signal,
      closed: Promise.resolve(),
    })
    assert.ok(answer.kind === 'response')
    const { result, error } = (await answer.response.json()) as { result?: Result; error?: unknown }
    return result ?? { resultType: 'error', error }
  }
  return { call, told, state, pending }
}

const NOW = Date.parse('2026-11-21T10:00:00Z')
const KEY = createSecretKey(randomBytes(32))

interface Result {
  readonly error?: unknown
  readonly resultType: string
  readonly isError?: boolean
  readonly content?: readonly { readonly text: string }[]
  readonly inputRequests?: Readonly<Record<string, unknown>>
  readonly requestState?: string
}

const answered = (action: string, { requestState }: Result) => ({
  inputResponses: { confirmation: { action } },
  requestState,
})

test('a client that shows links is handed one, with words that have no argument in them', async () => {
  const { call, pending, told } = setting()
  const { resultType, inputRequests, requestState } = await call()
  assert.equal(resultType, 'input_required')
  assert.deepEqual(inputRequests, {
    confirmation: {
      method: 'elicitation/create',
      params: {
        mode: 'url',
        url: pending.url,
        message:
          'Sallyport at door.example needs your second factor before you call the tool "whoami". Open the page in a ' +
          'browser, log in as yourself, read the call and confirm it by 2026-11-21T10:05:00Z.',
      },
    },
  })
  assert.equal(typeof requestState, 'string')
  assert.deepEqual([told.waits, told.withdrawn], [0, 0])
})

test('one that opened it waits for a while, and is asked again as long as nobody has answered', async () => {
  const { call, told, state } = setting()
  const first = await call()
  const second = await call(answered('accept', first))
  assert.equal(second.resultType, 'input_required')
  assert.equal(told.waits, 1)
  state.settled = () => {
    state.confirmed = { kind: 'confirmed', by: ['user:alice'] }
    return true
  }
  const third = await call(answered('accept', second))
  assert.deepEqual([third.resultType, third.isError ?? false], ['complete', false])
})

test('nobody is asked for an hour whether another person has approved: the client is told to come back', async () => {
  const { call } = setting(APPROVAL)
  const first = await call()
  assert.equal(first.resultType, 'input_required')
  const second = await call(answered('accept', first))
  assert.ok(second.isError)
  assert.match(
    second.content?.[0]?.text ?? '',
    /role treasurer.*https:\/\/door\.example\/confirm\/x.*same call again/,
  )
})

test('a client that shows no links is told in words', async () => {
  for (const elicitation of [{}, { form: {} }]) {
    const { call } = setting()
    const result = await call({}, elicitation)
    assert.ok(result.isError)
    assert.match(result.content?.[0]?.text ?? '', /Open https:\/\/door\.example\/confirm\/x in a browser/)
  }
})

test('who declines is asked no more, and what he declined is gone', async () => {
  for (const action of ['decline', 'cancel']) {
    const { call, told } = setting()
    const result = await call(answered(action, await call()))
    assert.ok(result.isError)
    assert.match(result.content?.[0]?.text ?? '', /Nothing was done/)
    assert.equal(told.withdrawn, 1)
  }
})

test('an answer to another call, of another person, or that we did not ask for, is none', async () => {
  const { call, told } = setting()
  const invalid = { resultType: 'error', error: { code: -32602, message: 'Invalid or expired requestState' } }
  const other = await setting().call()
  const theirs = await call({}, { url: {} }, 'user:bob')
  const mine = await call()
  const forged = mine.requestState?.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))
  const states = [
    [other.requestState, 'input_required'],
    [undefined, 'input_required'],
    [theirs.requestState, 'error'],
    [forged, 'error'],
    ['v1.x.y', 'error'],
  ] as const
  for (const [requestState, came] of states)
    for (const action of ['accept', 'decline']) {
      const state = requestState === undefined ? {} : { requestState }
      const result = await call({ inputResponses: { confirmation: { action } }, ...state })
      assert.equal(result.resultType, came)
      if (came === 'error') assert.deepEqual(result, invalid)
    }
  assert.deepEqual([told.waits, told.withdrawn], [0, 0])
})

test('no answer of a client lets a call through, and none keeps the server busy', async () => {
  const { call, told, state } = setting()
  state.settled = () => true
  const result = await call(answered('accept', await call()))
  assert.ok(result.isError)
  assert.ok(told.asked <= 20, `asked ${told.asked} times`)
})
