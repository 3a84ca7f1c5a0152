import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ClientAnswer, ClientRequest } from '../../../src/mcp/calling-client.ts'
import type { UpstreamAnswer } from '../../../src/mcp/upstreams/connection.ts'
import {
  parkedCalls,
  type HeldCall,
  type OpenRound,
  type ParkedCall,
  type ParkedCallsOptions,
  type RoundEnd,
} from '../../../src/mcp/upstreams/parked-calls.ts'

const CALL: ParkedCall = {
  principal: 'service:demo',
  upstream: 'wiki',
  method: 'tools/call',
  name: 'ask',
  args: { name: 'ask', arguments: { a: 1, b: [2] } },
}
const QUESTION: ClientRequest = { method: 'elicitation/create', params: { message: 'who?' } }
const DONE: UpstreamAnswer = { kind: 'result', result: { content: [] } }
const ANSWER = { action: 'accept', content: { name: 'Zoe' } }

interface Heard extends OpenRound {
  readonly lines: unknown[]
  readonly leave: () => void
}

function round(): Heard {
  const controller = new AbortController()
  const lines: unknown[] = []
  return {
    signal: controller.signal,
    leave: () => controller.abort(),
    lines,
    progress: ({ progress }) => void lines.push(progress),
    log: ({ data }) => void lines.push(data),
  }
}

/** A call whose upstream does what the test says. */
function setting(options: Partial<ParkedCallsOptions> = {}) {
  const clock = { now: 0 }
  const calls = parkedCalls({ now: () => clock.now, ...options })
  const begin = (call: ParkedCall = CALL, heard: Heard = round()) => {
    const ready = Promise.withResolvers<HeldCall>()
    const answer = Promise.withResolvers<UpstreamAnswer>()
    const end = calls.begin(call, heard, async (held) => {
      ready.resolve(held)
      held.signal.addEventListener('abort', () => answer.resolve({ kind: 'cancelled' }))
      return answer.promise
    })
    return { end, held: ready.promise, finish: () => answer.resolve(DONE), answer: answer.promise }
  }
  return { calls, clock, begin }
}

/** Begins a call and has it ask. */
async function asking(begun: ReturnType<ReturnType<typeof setting>['begin']>, question = QUESTION) {
  const held = await begun.held
  const answered = held.ask(question, new AbortController().signal)
  const end = await begun.end
  assert.ok(end.kind === 'asked', JSON.stringify(end))
  return { held, answered, id: end.id, requests: end.requests }
}

const resume = (
  { calls }: ReturnType<typeof setting>,
  id: string,
  responses: Record<string, unknown> = { 'ask-1': ANSWER },
  call: ParkedCall = CALL,
  heard: Heard = round(),
): Promise<RoundEnd> | undefined => calls.resume(id, call, heard, responses)

test('a call that asks ends its round, and the same call takes it up with the answer', async () => {
  const one = setting()
  const begun = one.begin()
  const { id, requests, answered } = await asking(begun)
  assert.deepEqual(requests, { 'ask-1': QUESTION })
  assert.match(id, /^[\w-]{22}$/)
  assert.equal(one.calls.size(), 1)
  const end = resume(one, id)
  assert.deepEqual(await answered, { kind: 'result', result: ANSWER })
  begun.finish()
  assert.deepEqual(await end, { kind: 'answered', answer: DONE })
  assert.equal(one.calls.size(), 0)
})

test('a call that asks nothing has one round', async () => {
  const one = setting()
  const begun = one.begin()
  begun.finish()
  assert.deepEqual(await begun.end, { kind: 'answered', answer: DONE })
})

test('each round has an id of its own: nobody answers twice', async () => {
  const one = setting()
  const begun = one.begin()
  const { id, held } = await asking(begun)
  const second = resume(one, id)
  assert.equal(resume(one, id), undefined, 'at the same time')
  void held.ask(QUESTION, new AbortController().signal)
  const end = await second
  assert.ok(end?.kind === 'asked')
  assert.notEqual(end.id, id)
  assert.equal(resume(one, id), undefined, 'afterwards')
  assert.deepEqual(Object.keys(end.requests), ['ask-2'])
  const last = resume(one, end.id, { 'ask-2': ANSWER })
  begun.finish()
  assert.deepEqual(await last, { kind: 'answered', answer: DONE })
})

test('what is not answered is asked again, with all else that waits', async () => {
  const one = setting()
  const begun = one.begin()
  const { id, held } = await asking(begun)
  const other: ClientRequest = { method: 'roots/list', params: {} }
  const roots = held.ask(other, new AbortController().signal)
  const end = await resume(one, id, { 'ask-2': { roots: [] }, 'ask-9': ANSWER, 'ask-1': 'no object' })
  assert.deepEqual(await roots, { kind: 'result', result: { roots: [] } })
  assert.ok(end?.kind === 'asked')
  assert.deepEqual(end.requests, { 'ask-1': QUESTION })
})

for (const [what, other] of [
  ['another principal', { principal: 'service:other' }],
  ['another upstream', { upstream: 'files' }],
  ['another method', { method: 'prompts/get' }],
  ['another tool', { name: 'tell' }],
  ['other arguments', { args: { name: 'ask', arguments: { a: 1, b: [3] } } }],
] as const)
  test(`a parked call is not taken up by ${what}, and is there as before`, async () => {
    const one = setting()
    const begun = one.begin()
    const { id, answered } = await asking(begun)
    assert.equal(resume(one, id, { 'ask-1': { action: 'decline' } }, { ...CALL, ...other }), undefined)
    assert.ok(resume(one, id) !== undefined)
    assert.deepEqual(await answered, { kind: 'result', result: ANSWER })
    begun.finish()
  })

test('the order of members makes no other arguments', async () => {
  const one = setting()
  const begun = one.begin()
  const { id } = await asking(begun)
  const args = { arguments: { b: [2], a: 1 }, name: 'ask' }
  assert.ok(resume(one, id, {}, { ...CALL, args }) !== undefined)
})

test('progress and log lines go to the round that is open, and nowhere between two', async () => {
  const one = setting()
  const [first, second] = [round(), round()]
  const begun = one.begin(CALL, first)
  const held = await begun.held
  held.progress({ progress: 1 })
  const { id } = await asking(begun)
  held.progress({ progress: 2 })
  held.log({ level: 'info', data: 'to nobody' })
  const end = resume(one, id, { 'ask-1': ANSWER }, CALL, second)
  held.progress({ progress: 3 })
  held.log({ level: 'info', data: 'to the second' })
  begun.finish()
  await end
  held.log({ level: 'info', data: 'too late' })
  assert.deepEqual([first.lines, second.lines], [[1], [3, 'to the second']])
})

test('who goes away during a round ends the call; who went away after it does not', async () => {
  const one = setting()
  const [first, second] = [round(), round()]
  const begun = one.begin(CALL, first)
  const { id, held } = await asking(begun)
  first.leave()
  assert.equal(held.signal.aborted, false)
  const end = resume(one, id, { 'ask-1': ANSWER }, CALL, second)
  second.leave()
  assert.equal(held.signal.aborted, true)
  assert.deepEqual(await end, { kind: 'answered', answer: { kind: 'cancelled' } })
})

test('who is gone already begins nothing that goes on', async () => {
  const heard = round()
  heard.leave()
  const begun = setting().begin(CALL, heard)
  assert.equal((await begun.held).signal.aborted, true)
})

test('what nobody comes back for is cancelled at its time, and forgotten', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const one = setting({ patience: 1000 })
  const begun = one.begin()
  const { id, answered } = await asking(begun)
  one.clock.now = 400
  const later = one.begin({ ...CALL, name: 'later' })
  const other = await asking(later)
  one.clock.now = 1000
  t.mock.timers.tick(1000)
  assert.deepEqual(await answered, { kind: 'unanswered' })
  assert.deepEqual(await begun.answer, { kind: 'cancelled' })
  assert.equal(resume(one, id), undefined)
  assert.equal(one.calls.size(), 1)
  assert.equal(other.held.signal.aborted, false)
  one.clock.now = 1400
  t.mock.timers.tick(400)
  assert.equal(other.held.signal.aborted, true)
  assert.equal(one.calls.size(), 0)
})

test('an answer that is late by the clock is late, whether or not the timer was', async () => {
  const one = setting({ patience: 1000 })
  const { id } = await asking(one.begin())
  one.clock.now = 1000
  assert.equal(resume(one, id), undefined)
  one.calls.close()
})

test('so many wait for one principal, and so many in all; beyond that nobody is asked', async () => {
  const one = setting({ perPrincipal: 2, most: 3 })
  const ask = async (principal: string, name: string): Promise<RoundEnd | ClientAnswer> => {
    const begun = one.begin({ ...CALL, principal, name })
    const held = await begun.held
    return Promise.race([begun.end, held.ask(QUESTION, new AbortController().signal)])
  }
  const kinds: string[] = []
  for (const principal of ['service:a', 'service:a', 'service:a', 'service:b', 'service:b'])
    kinds.push((await ask(principal, String(kinds.length))).kind)
  assert.deepEqual(kinds, ['asked', 'asked', 'unanswered', 'asked', 'unanswered'])
  assert.equal(one.calls.size(), 3)
  one.calls.close()
  assert.equal(one.calls.size(), 0)
  assert.equal((await ask('service:a', 'again')).kind, 'asked')
  one.calls.close()
})

test('an upstream that ends while it waits for an answer is forgotten', async () => {
  const one = setting()
  const begun = one.begin()
  const { id } = await asking(begun)
  begun.finish()
  await begun.answer
  await new Promise((resolve) => void setImmediate(resolve))
  assert.equal(one.calls.size(), 0)
  assert.equal(resume(one, id), undefined)
})

test('a question that its upstream takes back is not waited for', async () => {
  const one = setting()
  const begun = one.begin()
  const held = await begun.held
  const controller = new AbortController()
  const answered = held.ask(QUESTION, controller.signal)
  const end = await begun.end
  controller.abort()
  assert.deepEqual(await answered, { kind: 'unanswered' })
  assert.ok(end.kind === 'asked')
  const next = resume(one, end.id)
  begun.finish()
  assert.deepEqual(await next, { kind: 'answered', answer: DONE })
})

test('closing cancels what waits', async () => {
  const one = setting()
  const begun = one.begin()
  const { held, answered } = await asking(begun)
  one.calls.close()
  assert.deepEqual(await answered, { kind: 'unanswered' })
  assert.ok(held.signal.aborted)
})
